/* SPDX-License-Identifier: Apache-2.0 */
/* See site.h. */
#include "server/cli/site.h"

#include <string.h>

#include "server/cli/cli.h"
#include "server/pki.h"

static const char default_data[] = "/var/lib/plimsoll";

enum { SHORTEST_S = 60, LONGEST_S = 30 * 86400 };

void site_options_done(struct site_options *options)
{
	g_clear_pointer(&options->config, g_free);
	g_clear_pointer(&options->data, g_free);
}

int site_fail(const char *command, const GError *error)
{
	bool is_usage = error->domain == CONFIG_ERROR ||
			g_error_matches(error, PKI_ERROR, PKI_ERROR_EXISTS) ||
			g_error_matches(error, STORE_ERROR, STORE_ERROR_SCHEMA) ||
			g_error_matches(error, STORE_ERROR, STORE_ERROR_DENIED) ||
			g_error_matches(error, STORE_ERROR, STORE_ERROR_NOT_FOUND);

	cli_say(command, "%s", error->message);
	return is_usage ? CLI_USAGE : CLI_IO;
}

/* Without any option: a package's /etc/plimsoll/server.conf, or what 'plimsoll setup' made. */
static char *find_config(const struct site_options *options)
{
	g_autofree char *packaged = config_find(NULL, NULL);

	if (options->config != NULL || options->data != NULL ||
	    g_file_test(packaged, G_FILE_TEST_EXISTS))
		return config_find(options->config, options->data);
	return config_find(NULL, default_data);
}

struct config *site_config(const char *command, const struct site_options *options, int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = find_config(options);
	struct config *config = config_read(path, options->data, &error);

	if (config != NULL)
		return config;
	if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		cli_say(command, "there is no '%s'; make an installation with 'plimsoll setup'",
			path);
		*ret_exit = CLI_USAGE;
		return NULL;
	}
	cli_say(command, "%s", error->message);
	*ret_exit = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ? CLI_IO : CLI_USAGE;
	return NULL;
}

struct store *site_store(const char *command, const struct config *config, enum store_access access,
			 int *ret_exit)
{
	g_autoptr(GError) error = NULL;
	struct store *store = store_open(config->data_dir, access, &error);

	if (store == NULL)
		*ret_exit = site_fail(command, error);
	return store;
}

char *site_actor(void)
{
	return g_strconcat("local:", g_get_user_name(), NULL);
}

bool site_parse_duration(const char *text, int64_t *ret_seconds)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	g_autofree char *digits = g_strdup(text);
	size_t size = strlen(digits);
	guint64 number = 0;
	int64_t factor = 1;

	for (guint i = 0; size > 1 && i < G_N_ELEMENTS(units); i++)
		if (digits[size - 1] == units[i].unit) {
			factor = units[i].seconds;
			digits[size - 1] = '\0';
			break;
		}
	if (!g_ascii_string_to_unsigned(digits, 10, 1, LONGEST_S, &number, NULL))
		return false;
	*ret_seconds = (int64_t)number * factor;
	return *ret_seconds >= SHORTEST_S && *ret_seconds <= LONGEST_S;
}

int64_t site_now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}
