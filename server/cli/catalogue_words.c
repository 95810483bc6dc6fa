/* SPDX-License-Identifier: Apache-2.0 */
/* What commands say about names that the catalogue does not know. */
#include <string.h>

#include "server/cli/cli.h"

int cli_unknown_benchmark(const char *command, const struct catalogue *catalogue, const char *name)
{
	g_autoptr(GString) names = g_string_new(NULL);
	guint n = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(catalogue, &n);

	for (guint i = 0; i < n; i++)
		g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", benchmarks[i].name);
	return cli_usage(command, "unknown benchmark '%s'; there are: %s", name, names->str);
}

char *cli_plain_check(const char *word)
{
	if (!g_str_has_prefix(word, "check_"))
		return g_strdup(word);
	return g_strdelimit(g_strdup(word + strlen("check_")), "_", '.');
}

static const struct check *find_id(const struct benchmark *benchmark, const char *id)
{
	for (guint i = 0; i < benchmark->n_entries; i++)
		if (strcmp(benchmark->entries[i].id, id) == 0)
			return benchmark->entries[i].check;
	return NULL;
}

const struct check *cli_find_check(const char *command, const struct catalogue *catalogue,
				   const struct benchmark *benchmark, const char *word,
				   int *ret_exit)
{
	g_autofree char *id = cli_plain_check(word);
	const struct check *check = catalogue_find(catalogue, id);
	const char *near = NULL;

	if (check == NULL)
		check = find_id(benchmark, id);
	if (check != NULL)
		return check;
	near = catalogue_suggest(catalogue, id);
	*ret_exit = near != NULL ? cli_usage(command, "unknown check '%s'; did you mean '%s'?",
					     word, near)
				 : cli_usage(command, "unknown check '%s'", word);
	return NULL;
}
