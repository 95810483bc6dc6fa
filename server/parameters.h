/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Site parameters (RULES 0.12): what a site decided about its hosts, such as who may use the
 * Engine. Unset, a check that needs one asks a person; set, it passes or fails.
 */
#ifndef PLIMSOLL_SERVER_PARAMETERS_H
#define PLIMSOLL_SERVER_PARAMETERS_H

#include <glib.h>
#include <stdbool.h>

#include "checks/derived.pb-c.h"
#include "proto/base.h"

/* All that a configuration says: for every host, and for hosts with certain labels. */
struct parameters;

struct parameters *parameters_new(void);
void parameters_free(struct parameters *parameters);
PLIMSOLL_AUTOPTR(parameters, parameters_free)

/* What a group of a configuration file selects: "" for [parameters], "env=prod" for
 * [parameters env=prod]; NULL: the group is not about parameters. Borrows. */
const char *parameters_selector(const char *group);

/*
 * Sets one for the hosts that have all labels of a selector: "" = every host, "env=prod,site=hel".
 * Replaces what the same selector gave the same name before.
 *
 * error  CONFIG_ERROR, without the name.
 */
bool parameters_set(struct parameters *parameters, const char *selector, const char *name,
		    const char *value, GError **error);

/* Whether a host's labels matter at all. */
bool parameters_want_labels(const struct parameters *parameters);

/* The parameters of one host. */
struct parameter_values {
	Derived__Parameter message;
	char *hash;     /* SHA-256 over names and values, hex; of nothing when none is set */
	GPtrArray *own; /* of the texts in message */
};

/*
 * A selector's value goes before that for every host; of several selectors that fit, the one whose
 * first line comes last wins.
 *
 * labels  key -> value; NULL = none.
 * gives   free with parameter_values_free().
 */
struct parameter_values *parameters_for(const struct parameters *parameters, GHashTable *labels);
void parameter_values_free(struct parameter_values *values);
PLIMSOLL_AUTOPTR(parameter_values, parameter_values_free)

/* Comments for a new configuration that show each one. */
const char *parameters_example(void);

#endif
