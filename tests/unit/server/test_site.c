/* SPDX-License-Identifier: Apache-2.0 */
/* Small parts of the server: configuration, durations, rates, engine keys, freshness. */
#include <glib/gstdio.h>
#include <string.h>

#include "server/cli/site.h"
#include "server/config.h"
#include "server/http/pages.h"
#include "server/http/quota.h"
#include "server/http/rate.h"
#include "server/intake.h"
#include "server/secret.h"

/* --- configuration --- */

static const struct {
	const char *name;
	const char *text;
	const char *want; /* part of the message; NULL: it is good */
} configs[] = {
	{"least", "[server]\nbenchmark=b\nnames=localhost\n", NULL},
	{"all kinds of keys",
	 "[server]\nbenchmark=b\nnames=a;b ;::1\nworkers=3\n[listen]\npeople=[::1]:0\n"
	 "agents=127.0.0.1:65535\n[limits]\nqueue=1\n",
	 NULL},
	{"no benchmark", "[server]\nnames=localhost\n", "[server] benchmark: missing"},
	{"no names", "[server]\nbenchmark=b\nnames=;\n", "[server] names: missing"},
	{"a name that is none", "[server]\nbenchmark=b\nnames=a,DNS:b\n", "no host name"},
	{"unknown key", "[server]\nbenchmark=b\nnames=a\nbenchmarc=c\n", "no such setting"},
	{"unknown group", "[sever]\nbenchmark=b\n", "no such setting"},
	{"number too large", "[limits]\nqueue=100001\n",
	 "server.conf' line 2: [limits] queue: '100001' is no number from 1 to 100000"},
	{"number with a tail", "[limits]\nqueue=10x\n", "no number"},
	{"negative number", "[limits]\nqueue=-1\n", "no number"},
	{"listen without port", "[listen]\npeople=127.0.0.1\n", "ADDRESS:PORT"},
	{"listen at a name", "[listen]\npeople=localhost:1\n", "ADDRESS:PORT"},
	{"port too large", "[listen]\npeople=127.0.0.1:65536\n", "ADDRESS:PORT"},
	{"parameters",
	 "[server]\nbenchmark=b\nnames=a\n[parameters]\nswarm_intended = no\n"
	 "[parameters env=prod,site=hel]\nswarm_intended = yes\n",
	 NULL},
	{"a parameter that is none", "[parameters]\nswarm = no\n",
	 "server.conf' line 2: [parameters] swarm: no such parameter"},
	{"a bad parameter, given twice",
	 "# [parameters]\n[parameters]\n swarm_intended = yes\n\n[limits]\nqueue = 1\n"
	 "[parameters]\nswarm_intended=maybe\n",
	 "server.conf' line 8: [parameters] swarm_intended: wants yes or no, not 'maybe'"},
	{"a bad selector", "[parameters prod]\nswarm_intended = yes\n",
	 "line 2: [parameters prod] swarm_intended: 'prod' is no label KEY=VALUE"},
	{"no INI at all", "benchmark=b\n", "server.conf"},
};

static char *write_config(const char *dir, const char *name, const char *text)
{
	char *path = g_build_filename(dir, name, NULL);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void test_config(gconstpointer data)
{
	guint i = GPOINTER_TO_UINT(data);
	g_autofree char *dir = g_dir_make_tmp("plimsoll-conf-XXXXXX", NULL);
	g_autofree char *path = write_config(dir, "server.conf", configs[i].text);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(config) *config = config_read(path, "/data", &error);

	(void)g_unlink(path);
	(void)g_rmdir(dir);
	if (configs[i].want == NULL) {
		g_assert_no_error(error);
		g_assert_cmpstr(config->data_dir, ==, "/data");
		g_assert_cmpuint(config->limits.handshake_deadline_ms, ==, 5000);
		return;
	}
	g_assert_null(config);
	if (strstr(error->message, configs[i].want) == NULL)
		g_error("'%s' does not say '%s'", error->message, configs[i].want);
	g_assert_nonnull(strstr(error->message, "server.conf"));
}

static void test_drop_ins_win_in_order(void)
{
	g_autofree char *dir = g_dir_make_tmp("plimsoll-conf-XXXXXX", NULL);
	g_autofree char *path = write_config(dir, "server.conf",
					     "[server]\nbenchmark=b\nnames=a\n[limits]\nqueue=1\n");
	g_autofree char *folder = g_strconcat(path, ".d", NULL);
	g_autofree char *second = NULL;
	g_autofree char *first = NULL;
	g_autofree char *ignored = NULL;
	PLIMSOLL_AUTO(config) *config = NULL;

	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	second = write_config(folder, "20.conf", "[limits]\nqueue=20\n");
	first = write_config(folder, "10.conf", "[limits]\nqueue=10\nconnections=10\n");
	ignored = write_config(folder, "30.conf.bak", "[limits]\nqueue=30\n");
	config = config_read(path, NULL, NULL);
	g_assert_nonnull(config);
	g_assert_cmpuint(config->limits.queue, ==, 20);
	g_assert_cmpuint(config->limits.connections, ==, 10);
	(void)g_unlink(first);
	(void)g_unlink(second);
	(void)g_unlink(ignored);
	(void)g_rmdir(folder);
	(void)g_unlink(path);
	(void)g_rmdir(dir);
}

static void test_drop_ins_that_cannot_be_read(void)
{
	g_autofree char *dir = g_dir_make_tmp("plimsoll-conf-XXXXXX", NULL);
	g_autofree char *path =
		write_config(dir, "server.conf", "[server]\nbenchmark=b\nnames=a\n");
	g_autofree char *no_folder = write_config(dir, "server.conf.d", "");
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(config) *config = config_read(path, NULL, &error);

	(void)g_unlink(no_folder);
	(void)g_unlink(path);
	(void)g_rmdir(dir);
	g_assert_null(config);
	g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR);
	g_assert_nonnull(strstr(error->message, "server.conf.d"));
}

static void test_new_configuration_reads_back(void)
{
	static const char *const names[] = {"fleet.example", "192.0.2.1", NULL};
	static const guint ports[CONFIG_LISTENERS] = {1, 2, 3};
	g_autofree char *dir = g_dir_make_tmp("plimsoll-conf-XXXXXX", NULL);
	g_autofree char *text = config_text("/srv/data", "cis-docker-1.6.0", names, "::1", ports);
	g_autofree char *path = write_config(dir, "server.conf", text);
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(config) *config = config_read(path, NULL, &error);

	(void)g_unlink(path);
	(void)g_rmdir(dir);
	g_assert_no_error(error);
	g_assert_cmpstr(config->data_dir, ==, "/srv/data");
	g_assert_cmpstr(config->benchmark, ==, "cis-docker-1.6.0");
	g_assert_cmpstr(config->names[1], ==, "192.0.2.1");
	g_assert_cmpstr(config->listen[CONFIG_ENROLMENT].address, ==, "::1");
	g_assert_cmpuint(config->listen[CONFIG_ENROLMENT].port, ==, 3);
}

/* --- words --- */

static const struct {
	const char *text;
	int64_t want; /* 0: refused */
} durations[] = {
	{"60", 60},       {"90s", 90},
	{"15m", 900},     {"1h", 3600},
	{"30d", 2592000}, {"59", 0},
	{"31d", 0},       {"", 0},
	{"h", 0},         {"1w", 0},
	{"-1h", 0},       {"1.5h", 0},
	{"1 h", 0},       {"99999999999999999999d", 0},
};

static void test_durations(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(durations); i++) {
		int64_t got = 0;

		if (site_parse_duration(durations[i].text, &got) != (durations[i].want != 0) ||
		    (durations[i].want != 0 && got != durations[i].want))
			g_error("'%s': %" G_GINT64_FORMAT, durations[i].text, got);
	}
}

static const struct {
	const char *key;
	bool want;
} engine_keys[] = {
	{"rootful", true},
	{"rootless:1000", true},
	{"podman", true},
	{"podman:0", true},
	{"rootless", true},
	{"rootful:0", false},
	{"rootless:", false},
	{"rootless:x", false},
	{"root", false},
	{"", false},
	{":", false},
	{"rootful ", false},
	{"podman:1000/..", false},
	{"Rootful", false},
};

static void test_engine_keys(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(engine_keys); i++)
		if (intake_is_engine_key(engine_keys[i].key) != engine_keys[i].want)
			g_error("'%s'", engine_keys[i].key);
}

static const struct {
	int64_t age_s; /* -1: never */
	guint every_s;
	enum freshness want;
} ages[] = {
	{-1, 3600, FRESHNESS_WAITING},     {0, 3600, FRESHNESS_CURRENT},
	{5400, 3600, FRESHNESS_CURRENT},   {5401, 3600, FRESHNESS_LATE},
	{86400, 3600, FRESHNESS_LATE},     {86401, 3600, FRESHNESS_SILENT},
	{86401, 86400, FRESHNESS_CURRENT}, {4 * 86400 + 1, 86400, FRESHNESS_SILENT},
	{-100, 3600, FRESHNESS_CURRENT}, /* a clock that went back */
};

static void test_freshness(void)
{
	const int64_t now_s = 1800000000;
	const struct config config = {.report_every_s = 3600, .scans_stale_after_s = 7 * 86400};

	for (guint i = 1; i < G_N_ELEMENTS(ages); i++)
		g_assert_cmpint(pages_freshness(&(struct config){.report_every_s = ages[i].every_s},
						HOST_AGENT, now_s - ages[i].age_s, now_s),
				==, ages[i].want);
	g_assert_cmpint(pages_freshness(&config, HOST_AGENT, 0, now_s), ==, ages[0].want);
	g_assert_cmpint(pages_freshness(&config, HOST_RECORDED, 1, now_s), ==, FRESHNESS_RECORDED);
	g_assert_cmpint(pages_freshness(&config, HOST_AGENTLESS, 0, now_s), ==, FRESHNESS_WAITING);
	g_assert_cmpint(pages_freshness(&config, HOST_AGENTLESS, now_s - 7 * 86400, now_s), ==,
			FRESHNESS_SCANNED);
	g_assert_cmpint(pages_freshness(&config, HOST_AGENTLESS, now_s - 7 * 86400 - 1, now_s), ==,
			FRESHNESS_STALE);
}

static void test_quota_fills_up_by_the_hour(void)
{
	const int64_t hour = (int64_t)3600 * G_USEC_PER_SEC;
	PLIMSOLL_AUTO(quota) *quota = quota_new(100 * QUOTA_REQUEST_BYTES);

	g_assert_true(quota_takes(quota, "a", 90 * QUOTA_REQUEST_BYTES, hour));
	g_assert_false(quota_takes(quota, "a", 11 * QUOTA_REQUEST_BYTES, hour));
	g_assert_true(quota_takes(quota, "a", 0, hour)); /* a small one still fits, at its price */
	g_assert_true(quota_takes(quota, "a", 9 * QUOTA_REQUEST_BYTES, hour));
	g_assert_false(quota_takes(quota, "a", 0, hour));
	g_assert_true(quota_takes(quota, "b", 100 * QUOTA_REQUEST_BYTES, hour));
	/* many looks in between lose nothing */
	for (int64_t at = hour; at < hour + hour / 10; at += G_USEC_PER_SEC / 100)
		g_assert_false(quota_takes(quota, "a", 11 * QUOTA_REQUEST_BYTES, at));
	g_assert_true(quota_takes(quota, "a", 9 * QUOTA_REQUEST_BYTES, hour + hour / 10));
	g_assert_false(quota_takes(quota, "a", 2 * QUOTA_REQUEST_BYTES, hour + hour / 10));
	g_assert_false(quota_takes(quota, "a", 101 * QUOTA_REQUEST_BYTES, 100 * hour));
	g_assert_true(quota_takes(quota, "a", 100 * QUOTA_REQUEST_BYTES, 100 * hour));
}

static void test_quota_takes_the_price_of_work(void)
{
	const int64_t now = 5;
	PLIMSOLL_AUTO(quota) *quota = quota_new(64 << 20);

	quota_charge(quota, "a", QUOTA_FREE_US, now);
	g_assert_true(quota_takes(quota, "a", 64 << 20, now));
	quota_charge(quota, "b", QUOTA_FREE_US + 1000, now);
	g_assert_false(quota_takes(quota, "b", 64 << 20, now));
	g_assert_true(quota_takes(quota, "b", (64 << 20) - QUOTA_BYTES_PER_MS, now));
	/* two hours' worth of work: after one hour there is nothing yet */
	quota_charge(quota, "c", (int64_t)40 * G_USEC_PER_SEC, now);
	g_assert_false(quota_takes(quota, "c", 0, now + (int64_t)3600 * G_USEC_PER_SEC));
}

static void test_rate_counts_by_source_and_minute(void)
{
	PLIMSOLL_AUTO(rate) *rate = rate_new(2);
	const int64_t minute = (int64_t)60 * G_USEC_PER_SEC;

	g_assert_true(rate_allows(rate, "a", minute));
	g_assert_true(rate_allows(rate, "a", minute + 1));
	g_assert_false(rate_allows(rate, "a", 2 * minute - 1));
	g_assert_true(rate_allows(rate, "b", 2 * minute - 1));
	g_assert_true(rate_allows(rate, "a", 2 * minute));
}

static void test_rate_remembers_a_bounded_number(void)
{
	PLIMSOLL_AUTO(rate) *rate = rate_new(2);

	for (guint i = 0; i < RATE_SOURCES; i++) {
		g_autofree char *source = g_strdup_printf("%u", i);

		g_assert_true(rate_allows(rate, source, 1));
	}
	g_assert_false(rate_allows(rate, "one more", 1));
	g_assert_true(rate_allows(rate, "0", 1));
}

static void test_secrets(void)
{
	g_autofree char *one = secret_new();
	g_autofree char *two = secret_new();
	g_autofree char *uuid = secret_new_uuid();
	uint8_t left[SECRET_SHA256_BYTES];
	uint8_t right[SECRET_SHA256_BYTES];

	g_assert_cmpuint(strlen(one), ==, 43);
	g_assert_cmpstr(one, !=, two);
	g_assert_true(g_uuid_string_is_valid(uuid));
	g_assert_cmpint(uuid[14], ==, '4');
	secret_sha256(one, left);
	secret_sha256(one, right);
	g_assert_true(secret_equal(left, right));
	right[31] ^= 1;
	g_assert_false(secret_equal(left, right));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(configs); i++) {
		g_autofree char *path = g_strdup_printf("/site/config/%s", configs[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_config);
	}
	g_test_add_func("/site/drop-ins", test_drop_ins_win_in_order);
	g_test_add_func("/site/drop-ins that cannot be read", test_drop_ins_that_cannot_be_read);
	g_test_add_func("/site/new-configuration", test_new_configuration_reads_back);
	g_test_add_func("/site/durations", test_durations);
	g_test_add_func("/site/engine-keys", test_engine_keys);
	g_test_add_func("/site/freshness", test_freshness);
	g_test_add_func("/site/quota-work", test_quota_takes_the_price_of_work);
	g_test_add_func("/site/quota", test_quota_fills_up_by_the_hour);
	g_test_add_func("/site/rate", test_rate_counts_by_source_and_minute);
	g_test_add_func("/site/rate-bound", test_rate_remembers_a_bounded_number);
	g_test_add_func("/site/secrets", test_secrets);
	return g_test_run();
}
