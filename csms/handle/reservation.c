/* H04: a reservation ended at the station; csms/reservation.c keeps them. */
#include "csms/reservation.h"
#include "csms/handle/handlers.h"

void *handle_reservation_status(struct exchange *x, const void *request)
{
	const struct ocpp201_reservation_status_update_request *req = request;

	reservation_reported(
		x->core, x->station, req->reservation_id, req->reservation_update_status);
	return handle_reported(x, request);
}
