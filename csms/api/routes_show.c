/* The tables of routes and permissions, for those who ask. */
#include "csms/api/handlers_system.h"
#include "csms/api/reach.h"

static const char *type_name(const struct schema_struct *type)
{
	return type != NULL ? type->name : NULL;
}

static struct schema_strings role_names(struct arena *a, enum permission p)
{
	struct schema_strings list = {0, arena_alloc(a, sizeof(*list.items) * ROLE_COUNT)};

	for (int r = ROLE_NOBODY; r < ROLE_COUNT && list.items != NULL; r++)
		if (role_may((enum role)r, p))
			list.items[list.count++] = role_name((enum role)r);
	return list;
}

void permissions_get(struct ask *k)
{
	struct api_permission items[PERMISSION_COUNT];

	for (int i = 0; i < PERMISSION_COUNT; i++)
		items[i] = (struct api_permission){
			.name = permissions[i].name,
			.roles = role_names(k->arena, (enum permission)i),
			.help = permissions[i].help,
		};
	ask_reply(k, 200, &api_permission_list_type,
		&(struct api_permission_list){{PERMISSION_COUNT, items}});
}

void routes_get(struct ask *k)
{
	struct api_route *items = arena_alloc(k->arena, sizeof(*items) * api_route_count);

	if (items == NULL) {
		ask_problem(k, 503, NULL, "no memory");
		return;
	}
	for (size_t i = 0; i < api_route_count; i++) {
		const struct route *r = &api_routes[i];
		items[i] = (struct api_route){
			.method = r->method,
			.path = r->pattern,
			.permission = permissions[r->needs].name,
			.reach = reach_name(reach_of(r)),
			.roles = role_names(k->arena, r->needs),
			.request = type_name(r->request),
			.response = type_name(r->response),
			.help = r->help,
		};
	}
	ask_reply(k, 200, &api_route_list_type,
		&(struct api_route_list){
			.version = DEPOTD_VERSION, .routes = {api_route_count, items}});
}
