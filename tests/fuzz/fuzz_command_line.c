/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines and unit files: whoever starts a process writes them. */
#include <string.h>

#include "agent/collect/containerd.h"
#include "agent/collect/pflag.h"
#include "agent/collect/unit_text.h"
#include "tests/fuzz/fuzz.h"

static void ignore_value(const struct pflag_value *value, void *data)
{
	size_t *total = data;

	*total += value->name_size + (value->value == NULL ? 0 : strlen(value->value));
}

static void parse_words(const char *const *words)
{
	size_t total = 0;
	guint n = 0;

	while (words[n] != NULL)
		n++;
	pflag_parse(pflag_dockerd_options, words, n, ignore_value, &total);
	pflag_parse(pflag_containerd_options, words, n, ignore_value, &total);
	for (guint i = 0; i + 1 < n; i++)
		g_free(pflag_log_option(words[i], words[i + 1]));
}

static void parse_assignment(const char *section, const char *key, const char *value, void *data)
{
	g_auto(GStrv) words = unit_text_words(value);

	(void)data;
	if (section[0] == '\0' && key[0] == '\0')
		return;
	parse_words((const char *const *)words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
	struct containerd_config config;

	parse_words((const char *const *)words);
	unit_text_each(text, parse_assignment, NULL);
	containerd_config_read(text, &config);
	containerd_config_done(&config);
	return 0;
}
