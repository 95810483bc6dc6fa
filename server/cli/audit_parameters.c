/* SPDX-License-Identifier: Apache-2.0 */
/* See audit_parameters.h. */
#include "server/cli/audit_parameters.h"

#include <string.h>

#include "server/ini.h"

static bool take_setting(void *data, const char *group, const char *name, char *value,
			 GError **error)
{
	const char *selector = parameters_selector(group);

	if (selector != NULL && *selector == '\0')
		return parameters_set(data, selector, name, value, error);
	g_set_error_literal(error, CONFIG_ERROR, 0,
			    selector != NULL ? "only a server knows the labels of hosts"
					     : "no such setting");
	return false;
}

static bool read_file(struct parameters *parameters, const char *path, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (ini_read(path != NULL ? path : AUDIT_CONFIG, take_setting, parameters, &problem))
		return true;
	if (path == NULL && g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return true;
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool assign(struct parameters *parameters, const char *text, GError **error)
{
	const char *equals = strchr(text, '=');
	g_autofree char *name = equals != NULL ? g_strndup(text, (gsize)(equals - text)) : NULL;
	g_autofree char *value = equals != NULL ? g_strstrip(g_strdup(equals + 1)) : NULL;

	if (name == NULL) {
		g_set_error(error, CONFIG_ERROR, 0, "--parameter wants NAME=VALUE, not '%s'", text);
		return false;
	}
	if (parameters_set(parameters, "", name, value, error))
		return true;
	g_prefix_error(error, "--parameter %s: ", name);
	return false;
}

struct parameter_values *audit_parameters_read(const char *path, char *const *assignments,
					       GError **error)
{
	PLIMSOLL_AUTO(parameters) *parameters = parameters_new();

	if (!read_file(parameters, path, error))
		return NULL;
	for (guint i = 0; assignments != NULL && assignments[i] != NULL; i++)
		if (!assign(parameters, assignments[i], error))
			return NULL;
	return parameters_for(parameters, NULL);
}
