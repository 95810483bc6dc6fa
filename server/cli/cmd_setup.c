/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll setup`: makes an installation; never touches one that exists. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "checks/catalogue.h"
#include "server/cli/cli.h"
#include "server/cli/commands.h"
#include "server/cli/site.h"
#include "server/pki.h"

static const char help[] =
	"usage: plimsoll setup --name NAME [--name NAME]... [OPTION]...\n"
	"\n"
	"Makes a server's installation: a certificate authority of its own, the server's\n"
	"certificate for the names given, an empty store, and a configuration in which the\n"
	"benchmark is pinned. What exists already is never overwritten.\n"
	"\n"
	"  --name NAME        host name or address under which browsers and agents reach the\n"
	"                     server; the first one goes into join strings\n"
	"  --data DIR         where everything lies (default: /var/lib/plimsoll)\n"
	"  --config FILE      where the configuration goes (default: DIR/server.conf)\n"
	"  --listen ADDRESS   address to listen at (default: 0.0.0.0)\n"
	"  --ports P,A,E      ports of people, agents and enrolment (default: 8443,8444,8445;\n"
	"                     0 = any free one)\n"
	"  --benchmark NAME   scores go by this one (default: " CLI_DEFAULT_BENCHMARK ")\n"
	"  -h, --help         this text\n"
	"\n"
	"examples:\n"
	"  sudo plimsoll setup --name fleet.example\n"
	"  plimsoll setup --name localhost --name 127.0.0.1 --listen 127.0.0.1 --data ./demo\n";

struct setup {
	char **names;
	char *data;
	char *config;
	char *listen;
	char *ports_text;
	char *benchmark;
	guint ports[CONFIG_LISTENERS];
};

static void setup_done(struct setup *setup)
{
	g_strfreev(setup->names);
	g_free(setup->data);
	g_free(setup->config);
	g_free(setup->listen);
	g_free(setup->ports_text);
	g_free(setup->benchmark);
}

static bool read_ports(const char *text, guint ret_ports[static CONFIG_LISTENERS])
{
	g_auto(GStrv) words = g_strsplit(text, ",", -1);

	if (g_strv_length(words) != CONFIG_LISTENERS)
		return false;
	for (guint i = 0; i < CONFIG_LISTENERS; i++) {
		guint64 port = 0;

		if (!g_ascii_string_to_unsigned(words[i], 10, 0, 65535, &port, NULL))
			return false;
		ret_ports[i] = (guint)port;
	}
	return true;
}

static bool is_address(const char *text)
{
	struct in6_addr unused;

	return inet_pton(AF_INET, text, &unused) == 1 || inet_pton(AF_INET6, text, &unused) == 1;
}

/* Checks what was asked; fills defaults. Answers an exit code. */
static int check_setup(struct setup *setup)
{
	g_autofree char *absolute = NULL;

	if (setup->names == NULL || setup->names[0] == NULL)
		return cli_usage("setup", "give the server's name: --name fleet.example");
	for (guint i = 0; setup->names[i] != NULL; i++)
		if (!pki_is_server_name(setup->names[i]))
			return cli_usage("setup", "'%s' is no host name or address",
					 setup->names[i]);
	if (setup->listen != NULL && !is_address(setup->listen))
		return cli_usage("setup", "--listen wants an IPv4 or IPv6 address, not '%s'",
				 setup->listen);
	if (!read_ports(setup->ports_text != NULL ? setup->ports_text : "8443,8444,8445",
			setup->ports))
		return cli_usage("setup", "--ports wants three port numbers: 8443,8444,8445");
	absolute = g_canonicalize_filename(setup->data != NULL ? setup->data : "/var/lib/plimsoll",
					   NULL);
	g_free(setup->data);
	setup->data = g_steal_pointer(&absolute);
	if (setup->config == NULL)
		setup->config = g_build_filename(setup->data, "server.conf", NULL);
	return CLI_DONE;
}

/* The name as the catalogue has it, so that later "1.6.0" and a new alias cannot part ways. */
static int pin_benchmark(struct setup *setup)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(catalogue) *catalogue = catalogue_new(NULL, &error);
	const char *name = setup->benchmark != NULL ? setup->benchmark : CLI_DEFAULT_BENCHMARK;
	const struct benchmark *benchmark;

	if (catalogue == NULL)
		return site_fail("setup", error);
	benchmark = catalogue_benchmark(catalogue, name);
	if (benchmark == NULL)
		return cli_unknown_benchmark("setup", catalogue, name);
	g_free(setup->benchmark);
	setup->benchmark = g_strdup(benchmark->name);
	return CLI_DONE;
}

static bool refuse_existing(const struct setup *setup, GError **error)
{
	g_autofree char *database = store_path(setup->data);
	const char *const paths[] = {setup->config, database};

	for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
		if (g_file_test(paths[i], G_FILE_TEST_EXISTS)) {
			g_set_error(error, PKI_ERROR, PKI_ERROR_EXISTS,
				    "'%s' exists already; nothing was changed", paths[i]);
			return false;
		}
	return true;
}

static bool write_config(const struct setup *setup, GError **error)
{
	g_autofree char *text =
		config_text(setup->data, setup->benchmark, (const char *const *)setup->names,
			    setup->listen != NULL ? setup->listen : "0.0.0.0", setup->ports);
	PLIMSOLL_AUTO_FD fd = open(setup->config, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0)
		return true;
	g_set_error(error, PKI_ERROR, PKI_ERROR_FILE, "cannot write '%s': %s", setup->config,
		    g_strerror(errno));
	return false;
}

static bool make_folder(const char *data, GError **error)
{
	if (g_mkdir_with_parents(data, 0700) == 0)
		return true;
	g_set_error(error, PKI_ERROR, PKI_ERROR_FILE, "cannot make the folder '%s': %s", data,
		    g_strerror(errno));
	return false;
}

static bool make_installation(const struct setup *setup, GError **error)
{
	PLIMSOLL_AUTO(store) *store = NULL;

	if (!refuse_existing(setup, error) || !make_folder(setup->data, error) ||
	    !pki_setup(setup->data, (const char *const *)setup->names, site_now_s(), error))
		return false;
	store = store_open(setup->data, STORE_WRITE, error);
	return store != NULL && write_config(setup, error);
}

static int say_done(const struct setup *setup)
{
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(pki) *pki = pki_open(setup->data, &error);
	g_autofree char *fingerprint =
		pki != NULL ? pki_server_fingerprint(setup->data, &error) : NULL;
	g_autofree char *text = NULL;

	if (fingerprint == NULL)
		return site_fail("setup", error);
	text = g_strdup_printf("configuration:       %s\n"
			       "benchmark:           %s\n"
			       "server certificate:  SHA-256 %s\n"
			       "CA pin:              %s\n"
			       "\n"
			       "start it:            plimsoll serve --data %s\n"
			       "sign in:             plimsoll signin-link --data %s\n"
			       "add a host:          plimsoll token create --data %s\n",
			       setup->config, setup->benchmark, fingerprint, pki_pin(pki),
			       setup->data, setup->data, setup->data);
	return cli_write_stdout("setup", text, strlen(text)) ? CLI_DONE : CLI_IO;
}

static int run_setup(struct setup *setup)
{
	g_autoptr(GError) error = NULL;
	int done = check_setup(setup);

	if (done == CLI_DONE)
		done = pin_benchmark(setup);
	if (done != CLI_DONE)
		return done;
	if (!make_installation(setup, &error))
		return site_fail("setup", error);
	return say_done(setup);
}

int cmd_setup(int argc, char **argv)
{
	struct setup setup = {.names = NULL};
	const GOptionEntry entries[] = {
		{"name", 0, 0, G_OPTION_ARG_STRING_ARRAY, &setup.names, NULL, NULL},
		{"data", 0, 0, G_OPTION_ARG_FILENAME, &setup.data, NULL, NULL},
		{"config", 0, 0, G_OPTION_ARG_FILENAME, &setup.config, NULL, NULL},
		{"listen", 0, 0, G_OPTION_ARG_STRING, &setup.listen, NULL, NULL},
		{"ports", 0, 0, G_OPTION_ARG_STRING, &setup.ports_text, NULL, NULL},
		{"benchmark", 0, 0, G_OPTION_ARG_STRING, &setup.benchmark, NULL, NULL},
		G_OPTION_ENTRY_NULL,
	};
	const struct cli_options options = {.command = "setup", .help = help, .entries = entries};
	int done;

	if (cli_parse(&options, argc, argv, NULL, &done))
		done = run_setup(&setup);
	setup_done(&setup);
	return done;
}
