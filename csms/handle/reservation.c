/* H04: a reservation ended at the station; csms/charging/reservation.c keeps them. */
#include "csms/handle/handlers.h"
#include "csms/charging/reservation.h"

void *handle_reservation_status(struct exchange *x, const void *request)
{
	const struct ocpp201_reservation_status_update_request *r = request;
	struct event_reservation_reported *p = arena_alloc(x->arena, sizeof *p);

	if (!p)
		return NULL;
	p->reservation_id = r->reservation_id;
	p->status = ocpp201_reservation_update_status_enum.values[r->reservation_update_status];
	p->known = reservation_find(x->core, x->station->id, r->reservation_id) != NULL;
	handle_journal(x, EVENT_RESERVATION_REPORTED, p, x->received);
	reservation_reported(x->core, x->station, r->reservation_id, r->reservation_update_status);
	return arena_alloc(x->arena, sizeof(struct ocpp201_reservation_status_update_response));
}
