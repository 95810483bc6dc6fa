/* SPDX-License-Identifier: Apache-2.0 */
/* dockerd's command line is read as dockerd reads it, and what may hold a secret stays behind. */
#include "agent/collect/pflag.h"

#include <string.h>

/* words at blanks; "name=value" per option, "!" for a bad value, "?" for an unknown name */
static const struct {
	const char *claim, *words, *want;
} cases[] = {
	{"a long option takes its value behind =", "--log-level=warn", "log-level=warn"},
	{"a long option takes the next word", "--log-level warn", "log-level=warn"},
	{"a boolean alone is true", "--tls --debug", "tls=true debug=true"},
	{"a boolean takes no next word", "--tls false --icc=false", "tls=true icc=false"},
	{"Go's spellings of booleans are read", "--tls=T --icc=0 --init=yes",
	 "tls=T icc=0 init=yes!"},
	{"a letter takes the next word", "-H unix:///a -l info", "host=unix:///a log-level=info"},
	{"a letter takes what follows it", "-Hunix:///a -H=fd://", "host=unix:///a host=fd://"},
	{"letters stand together", "-DH unix:///a", "debug=true host=unix:///a"},
	{"a letter of a boolean takes = only", "-D=false -D x", "debug=false debug=true"},
	{"values accumulate in order", "-H a -H b", "host=a host=b"},
	{"-- ends the options", "--tls -- --icc", "tls=true"},
	{"words between options are skipped", "x --tls y --icc", "tls=true icc=true"},
	{"names are exact", "--tlsver --hos=x", "?tlsver ?hos=x"},
	{"an unknown option takes no next word", "--nosuch value --tls", "?nosuch tls=true"},
	{"a missing value is bad", "--log-level", "log-level!"},
	{"a number must be one", "--mtu=9000 --mtu=big", "mtu=9000 mtu=big!"},
	{"a single dash is a word", "- --tls", "tls=true"},
	{"a value may look like an option", "--log-level --tls", "log-level=--tls"},
	{"an empty value is a value", "--userns-remap= --tls", "userns-remap= tls=true"},
};

static void note(const struct pflag_value *value, void *data)
{
	GString *seen = data;

	g_string_append_printf(seen, "%s%s%.*s", seen->len > 0 ? " " : "",
			       value->is_known ? "" : "?", (int)value->name_size, value->name);
	if (value->value != NULL)
		g_string_append_printf(seen, "=%s", value->value);
	if (value->is_bad)
		g_string_append_c(seen, '!');
}

static void test_grammar(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) words = g_strsplit(cases[i].words, " ", -1);
		g_autoptr(GString) seen = g_string_new(NULL);

		g_test_message("%s", cases[i].claim);
		pflag_parse(pflag_dockerd_options, (const char *const *)words, g_strv_length(words),
			    note, seen);
		g_assert_cmpstr(seen->str, ==, cases[i].want);
	}
}

static void test_table_is_sorted(void)
{
	for (guint i = 1; pflag_dockerd_options[i].name != NULL; i++)
		g_assert_cmpstr(pflag_dockerd_options[i - 1].name, <,
				pflag_dockerd_options[i].name);
}

static const struct {
	const char *key, *value, *want;
} log_options[] = {
	{"syslog-address", "tcp://10.0.0.1:514", "tcp://10.0.0.1:514"},
	{"syslog-address", "udp://user:secret@logs:514/path?x=1", "udp://logs:514"},
	{"syslog-address", "unix:///dev/log", "unix:///dev/log"},
	{"gelf-address", "udp://[::1]:12201", "udp://[::1]:12201"},
	{"fluentd-address", "logs:24224", "logs:24224"},
	{"splunk-url", "https://u:secret@splunk.example:8088/x", "splunk.example"},
	{"splunk-url", "https://[2001:db8::1]:8088", "[2001:db8::1]"},
	{"awslogs-region", "eu-west-1", "eu-west-1"},
	{"splunk-token", "secret", NULL},
	{"tag", "x", NULL},
};

static void test_log_options(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(log_options); i++) {
		g_autofree char *kept = pflag_log_option(log_options[i].key, log_options[i].value);

		g_assert_cmpstr(kept, ==, log_options[i].want);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pflag/reads the grammar of dockerd's options", test_grammar);
	g_test_add_func("/pflag/names every option once", test_table_is_sorted);
	g_test_add_func("/pflag/keeps of log options where they lead", test_log_options);
	return g_test_run();
}
