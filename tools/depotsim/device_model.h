/*
 * Device model of a simulated station: the components and variables that a central system reads
 * and sets (OCPP 2.0.1 part 2, B05 to B08; names from its appendices).
 */
#ifndef DEPOTSIM_DEVICE_MODEL_H
#define DEPOTSIM_DEVICE_MODEL_H

#include "gen/ocpp201.h"

#define DEVICE_ITEMS_PER_MESSAGE 20

struct device_evse {
	int id;
	bool dc;
	int phases;
	int64_t max_w;
};

struct device_info {
	const char *serial, *model, *vendor, *firmware;
	int sample_s;
	bool bay_sensor; /* transactions begin and end with the vehicle in the bay */
	int evse_count;
	const struct device_evse *evses;
};

struct device_model;

struct device_model *device_model_create(const struct device_info *info);

/* Value of a variable of the station itself as a number, or `absent`. */
int64_t device_model_number(
	const struct device_model *d, const char *component, const char *variable, int64_t absent);

/* The text of such a variable, "" if there is none; and what the station itself says of it. */
const char *device_model_text(
	const struct device_model *d, const char *component, const char *variable);
void device_model_put(
	struct device_model *d, const char *component, const char *variable, const char *value);

void device_model_get(const struct device_model *d, const struct ocpp201_get_variable_data *ask,
	struct ocpp201_get_variable_result *out);

/* `password`: set to the new BasicAuthPassword if that is what was set; belongs to `ask`. */
void device_model_set(struct device_model *d, const struct ocpp201_set_variable_data *ask,
	struct ocpp201_set_variable_result *out, const char **password);

/* Number of rows of a report (`configuration`: only what can be set), and one of them; strings
 * stay the model's. `attribute` and `characteristics` are filled by the callee and put into row. */
int device_model_report_count(const struct device_model *d, bool configuration);
void device_model_report_row(const struct device_model *d, bool configuration, int index,
	struct ocpp201_report_data *row, struct ocpp201_evse *evse,
	struct ocpp201_variable_attribute *attribute,
	struct ocpp201_variable_characteristics *characteristics);

void device_model_destroy(struct device_model *d);

#endif
