/* SPDX-License-Identifier: Apache-2.0 */
/* Which Engine is asked: the docker CLI's flags, environment and contexts, in its order. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "agent/host.h"
#include "tests/unit/support/scratch.h"

static const char *const variables[] = {"DOCKER_HOST",      "DOCKER_TLS",     "DOCKER_TLS_VERIFY",
					"DOCKER_CERT_PATH", "DOCKER_CONTEXT", "DOCKER_CONFIG"};

/* An empty ~/.docker, and nothing in the environment. */
static char *begin(void)
{
	char *dir = scratch_new();

	for (guint i = 0; i < G_N_ELEMENTS(variables); i++)
		g_unsetenv(variables[i]);
	g_setenv("DOCKER_CONFIG", dir, TRUE);
	return dir;
}

static void end(char *dir)
{
	g_unsetenv("DOCKER_CONFIG");
	scratch_free(dir);
}

/* With the folders on the way. */
static void write_below(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
	scratch_write(dir, name, text, -1);
}

static void write_context(const char *dir, const char *name, const char *docker, bool has_ca)
{
	g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, name, -1);
	g_autofree char *meta = g_build_filename("contexts", "meta", id, "meta.json", NULL);
	g_autofree char *ca = g_build_filename("contexts", "tls", id, "docker", "ca.pem", NULL);
	g_autofree char *text =
		g_strdup_printf("{\"Name\":\"%s\",\"Endpoints\":{\"docker\":%s}}", name, docker);

	write_below(dir, meta, text);
	if (has_ca)
		write_below(dir, ca, "ca");
}

static const struct {
	const char *given;
	bool verifies;
	const char *url, *address; /* url NULL: refused */
} urls[] = {
	{"unix:///run/docker.sock", false, "unix:///run/docker.sock", NULL},
	{"unix:///run/docker.sock", true, "unix:///run/docker.sock", NULL},
	{"tcp://h", false, "tcp://h:2375", "http://h:2375"},
	{"tcp://h", true, "tcp://h:2376", "https://h:2376"},
	{"tcp://h:99/", false, "tcp://h:99", "http://h:99"},
	{"tcp://10.0.0.1:2376", true, "tcp://10.0.0.1:2376", "https://10.0.0.1:2376"},
	{"tcp://[fd00::1]:2376", true, "tcp://[fd00::1]:2376", "https://[fd00::1]:2376"},
	{"tcp://[fd00::1]", false, "tcp://[fd00::1]:2375", "http://[fd00::1]:2375"},
	{"tcp://u:secret@h:2376", true, NULL, NULL},
	{"tcp://", false, NULL, NULL},
	{"tcp://h:0", false, NULL, NULL},
	{"tcp://h:65536", false, NULL, NULL},
	{"tcp://h:2376/secret", false, NULL, NULL},
	{"tcp://h:23 76", false, NULL, NULL},
	{"tcp://[::1", false, NULL, NULL},
	{"tcp://h\r\nX: secret", false, NULL, NULL},
	{"ssh://u:secret@h", false, NULL, NULL},
	{"https://h:2376", false, NULL, NULL},
	{"unix://relative", false, NULL, NULL},
	{"", false, NULL, NULL},
	{"/run/docker.sock", false, NULL, NULL},
};

static void test_urls(void)
{
	char *dir = begin();

	scratch_write(dir, "ca.pem", "ca", -1);
	for (guint i = 0; i < G_N_ELEMENTS(urls); i++) {
		struct host_endpoint_flags flags = {.docker_host = g_strdup(urls[i].given),
						    .tls_verify = urls[i].verifies};
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_choose(&flags, &error);

		g_test_message("%s", urls[i].given);
		if (urls[i].url == NULL) {
			g_assert_error(error, HOST_ERROR, HOST_ERROR_ENDPOINT);
			g_assert_null(strstr(error->message, "secret"));
			g_assert_null(endpoint);
		} else {
			g_assert_no_error(error);
			g_assert_cmpstr(endpoint->url, ==, urls[i].url);
			g_assert_cmpstr(endpoint->address, ==, urls[i].address);
		}
		host_endpoint_flags_done(&flags);
	}
	end(dir);
}

/* What each setting alone and beside the others comes to. */
static const struct {
	const char *name;
	const char *flag, *host, *context, *config; /* --docker-host, environment, config.json */
	const char *url, *chosen_by; /* url NULL: refused, chosen_by is in the text */
} choices[] = {
	{"nothing", NULL, NULL, NULL, NULL, HOST_ENDPOINT_DEFAULT, NULL},
	{"empty settings", NULL, "", "", "{\"currentContext\":\"\"}", HOST_ENDPOINT_DEFAULT, NULL},
	{"the flag wins", "unix:///f", "unix:///e", "plain", "{\"currentContext\":\"away\"}",
	 "unix:///f", "--docker-host"},
	{"DOCKER_HOST wins over contexts", NULL, "unix:///e", "plain",
	 "{\"currentContext\":\"away\"}", "unix:///e", "DOCKER_HOST"},
	{"DOCKER_CONTEXT wins over config.json", NULL, NULL, "plain",
	 "{\"currentContext\":\"away\"}", "unix:///c", "the docker context \"plain\""},
	{"config.json", NULL, NULL, NULL, "{\"currentContext\":\"plain\"}", "unix:///c",
	 "the docker context \"plain\""},
	{"the context called default", NULL, NULL, "default", "{\"currentContext\":\"plain\"}",
	 HOST_ENDPOINT_DEFAULT, NULL},
	{"no such context", NULL, NULL, "nosuch", NULL, NULL, "there is no such context"},
	{"a context on another machine", NULL, NULL, "away", NULL, NULL, "plimsoll scan"},
	{"a context without docker", NULL, NULL, "none", NULL, NULL, "names no docker endpoint"},
	{"a config.json that is none", NULL, NULL, NULL, "{", NULL, "config.json"},
	{"the flag needs no config.json", "unix:///f", NULL, NULL, "{", "unix:///f",
	 "--docker-host"},
};

static void set(const char *variable, const char *value)
{
	if (value != NULL)
		g_setenv(variable, value, TRUE);
	else
		g_unsetenv(variable);
}

static void test_order(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(choices); i++) {
		char *dir = begin();
		struct host_endpoint_flags flags = {.docker_host = g_strdup(choices[i].flag)};
		g_autoptr(GError) error = NULL;
		PLIMSOLL_AUTO(host_endpoint) *endpoint = NULL;

		g_test_message("%s", choices[i].name);
		write_context(dir, "plain", "{\"Host\":\"unix:///c\"}", false);
		write_context(dir, "away", "{\"Host\":\"ssh://u@h\"}", false);
		write_context(dir, "none", "{}", false);
		if (choices[i].config != NULL)
			scratch_write(dir, "config.json", choices[i].config, -1);
		set("DOCKER_HOST", choices[i].host);
		set("DOCKER_CONTEXT", choices[i].context);
		endpoint = host_endpoint_choose(&flags, &error);
		if (choices[i].url == NULL) {
			g_assert_error(error, HOST_ERROR, HOST_ERROR_ENDPOINT);
			g_assert_nonnull(strstr(error->message, choices[i].chosen_by));
		} else {
			g_assert_no_error(error);
			g_assert_cmpstr(endpoint->url, ==, choices[i].url);
			g_assert_cmpstr(endpoint->chosen_by, ==, choices[i].chosen_by);
		}
		host_endpoint_flags_done(&flags);
		set("DOCKER_HOST", NULL);
		set("DOCKER_CONTEXT", NULL);
		end(dir);
	}
}

/* The whole command, unless the URL may hold a password. */
static void test_ssh_is_scanned(void)
{
	static const struct {
		const char *url, *says;
	} cases[] = {
		{"ssh://u@h:22/run/d.sock", "\"plimsoll scan ssh://u@h:22/run/d.sock\""},
		{"ssh://u:secret@h", "run \"plimsoll scan\""},
		{"ssh://u@h;id", "run \"plimsoll scan\""},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(host_endpoint_new(cases[i].url, &error));
		g_assert_nonnull(strstr(error->message, cases[i].says));
		g_assert_null(strstr(error->message, "secret"));
	}
}

static void test_a_service_follows_no_context(void)
{
	char *dir = begin();
	const struct host_endpoint_flags flags = {.ignores_contexts = true};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host_endpoint) *endpoint = NULL;

	set("DOCKER_CONTEXT", "nosuch");
	endpoint = host_endpoint_choose(&flags, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(endpoint->url, ==, HOST_ENDPOINT_DEFAULT);
	set("DOCKER_CONTEXT", NULL);
	end(dir);
}

/* Which of the usual files are there, and what TLS comes to. */
static const struct {
	const char *name;
	const char *files; /* in DOCKER_CERT_PATH */
	const char *verify_variable;
	bool tls, verify;
	const char *ca;      /* --tlscacert, below DOCKER_CERT_PATH */
	const char *scheme;  /* NULL: refused */
	const char *has;     /* which files are used */
	const char *problem; /* in the refusal, or in the caution */
} tls_cases[] = {
	{"nothing asks for TLS", "ca.pem cert.pem key.pem", NULL, false, false, NULL, "http://", "",
	 "plain TCP"},
	{"the variable", "ca.pem cert.pem key.pem", "1", false, false, NULL, "https://",
	 "ca cert key", NULL},
	{"the variable is empty", "ca.pem", "", false, false, NULL, "http://", "", "plain TCP"},
	{"the variable says 0: docker reads whether it is set", "ca.pem", "0", false, false, NULL,
	 "https://", "ca", NULL},
	{"the flag", "ca.pem", NULL, false, true, NULL, "https://", "ca", NULL},
	{"without a CA", "cert.pem key.pem", NULL, false, true, NULL, NULL, NULL, "--tlscacert"},
	{"a CA that is not there", "ca.pem", NULL, false, true, "other.pem", NULL, NULL,
	 "other.pem"},
	{"a CA of its own", "mine.pem", NULL, false, true, "mine.pem", "https://", "ca", NULL},
	{"a certificate without its key", "ca.pem cert.pem", NULL, false, true, NULL, NULL, NULL,
	 "--tlskey"},
	{"TLS unchecked", "cert.pem key.pem", NULL, true, false, NULL, "https://", "cert key",
	 "without checking"},
	{"a file without the wish", "mine.pem", NULL, false, false, "mine.pem", NULL, NULL,
	 "--tlsverify"},
};

static char *used_files(const struct host_endpoint *endpoint)
{
	GString *text = g_string_new(endpoint->ca_file != NULL ? "ca " : "");

	g_string_append(text, endpoint->cert_file != NULL ? "cert " : "");
	g_string_append(text, endpoint->key_file != NULL ? "key" : "");
	return g_strchomp(g_string_free(text, FALSE));
}

static void check_tls(guint i, const char *dir)
{
	g_autofree char *ca =
		tls_cases[i].ca == NULL ? NULL : g_build_filename(dir, tls_cases[i].ca, NULL);
	struct host_endpoint_flags flags = {.docker_host = g_strdup("tcp://h"),
					    .tls = tls_cases[i].tls,
					    .tls_verify = tls_cases[i].verify,
					    .tls_ca = g_steal_pointer(&ca)};
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(host_endpoint) *endpoint = host_endpoint_choose(&flags, &error);
	g_autofree char *has = NULL;

	host_endpoint_flags_done(&flags);
	if (tls_cases[i].scheme == NULL) {
		g_assert_error(error, HOST_ERROR, HOST_ERROR_ENDPOINT);
		g_assert_nonnull(strstr(error->message, tls_cases[i].problem));
		return;
	}
	g_assert_no_error(error);
	has = used_files(endpoint);
	g_assert_cmpstr(has, ==, tls_cases[i].has);
	g_assert_true(g_str_has_prefix(endpoint->address, tls_cases[i].scheme));
	if (tls_cases[i].problem == NULL)
		g_assert_null(host_endpoint_caution(endpoint));
	else
		g_assert_nonnull(strstr(host_endpoint_caution(endpoint), tls_cases[i].problem));
}

static void test_tls(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(tls_cases); i++) {
		char *empty = begin();
		char *dir = scratch_new();
		g_auto(GStrv) files = g_strsplit(tls_cases[i].files, " ", -1);

		g_test_message("%s", tls_cases[i].name);
		for (guint k = 0; files[k] != NULL; k++)
			scratch_write(dir, files[k], "pem", -1);
		set("DOCKER_CERT_PATH", dir);
		set("DOCKER_TLS_VERIFY", tls_cases[i].verify_variable);
		check_tls(i, dir);
		set("DOCKER_CERT_PATH", NULL);
		set("DOCKER_TLS_VERIFY", NULL);
		scratch_free(dir);
		end(empty);
	}
}

static void test_tls_of_contexts(void)
{
	static const struct {
		const char *docker;
		bool has_ca, verifies;
		const char *address;
	} cases[] = {
		{"{\"Host\":\"tcp://h\"}", true, true, "https://h:2376"},
		{"{\"Host\":\"tcp://h\",\"SkipTLSVerify\":true}", true, false, "https://h:2376"},
		{"{\"Host\":\"tcp://h\",\"SkipTLSVerify\":true}", false, false, "https://h:2376"},
		{"{\"Host\":\"tcp://h\"}", false, false, "http://h:2375"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		char *dir = begin();
		g_autoptr(GError) error = NULL;
		const struct host_endpoint_flags flags = {0};
		PLIMSOLL_AUTO(host_endpoint) *endpoint = NULL;

		write_context(dir, "prod", cases[i].docker, cases[i].has_ca);
		set("DOCKER_CONTEXT", "prod");
		endpoint = host_endpoint_choose(&flags, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(endpoint->address, ==, cases[i].address);
		g_assert_true(endpoint->verifies == cases[i].verifies);
		g_assert_true((endpoint->ca_file != NULL) == cases[i].has_ca);
		set("DOCKER_CONTEXT", NULL);
		end(dir);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host-endpoint/urls", test_urls);
	g_test_add_func("/host-endpoint/who-chooses", test_order);
	g_test_add_func("/host-endpoint/a-service-follows-no-context",
			test_a_service_follows_no_context);
	g_test_add_func("/host-endpoint/tls", test_tls);
	g_test_add_func("/host-endpoint/tls-of-contexts", test_tls_of_contexts);
	g_test_add_func("/endpoint/ssh:// names the command that scans it", test_ssh_is_scanned);
	return g_test_run();
}
