/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Agentless, step 1: what ssh_config makes of a target, in the words of `ssh -G`. That program has
 * evaluated Host, Match (exec, too) and Include by then, so Match alone is no reason to leave
 * libssh2; the options below are, since a library that does not know them would do without.
 */
#include "agent/ssh/ssh_config.h"

#include <pwd.h>
#include <string.h>

#include "agent/ssh/ssh_child.h"
#include "proto/limits.h"

enum { KEY_FILE_BYTES = 64 << 10 };

static const char *const usual_keys[] = {".ssh/id_rsa", ".ssh/id_ecdsa", ".ssh/id_ed25519"};
static const char *const usual_known_hosts[] = {".ssh/known_hosts", ".ssh/known_hosts2"};
static const char *const system_known_hosts[] = {"/etc/ssh/ssh_known_hosts",
						 "/etc/ssh/ssh_known_hosts2"};

/* Options that only the OpenSSH client honours, when they are anything but the last column. */
static const struct {
	const char *name, *harmless;
} only_openssh[] = {
	{"ProxyJump", "none"},
	{"ProxyCommand", "none"},
	{"CertificateFile", "none"},
	{"PKCS11Provider", "none"},
	{"KnownHostsCommand", "none"},
	{"RevokedHostKeys", "none"}, /* who does not look there trusts what was revoked */
	{"HostbasedAuthentication", "no"},
	{"AddressFamily", "any"},
	{"BindAddress", "none"},
	{"BindInterface", "none"},
};

/* What is read while the lines go by. */
struct reading {
	struct ssh_config *config;
	const char *home;
	GPtrArray *identity_files;            /* as written */
	GPtrArray *user_known, *system_known; /* paths */
	char *identity_agent;                 /* as written; NULL: not said */
	char *unclear; /* known hosts that cannot be told apart; NULL: none */
};

static char *find_home(void)
{
	struct passwd entry, *found = NULL;
	char place[4096];

	/* As ssh does, which does not look at HOME. */
	if (getpwuid_r(getuid(), &entry, place, sizeof(place), &found) == 0 && found != NULL)
		return g_strdup(found->pw_dir);
	return g_strdup(g_get_home_dir());
}

static void set_why(struct ssh_config *config, char *why)
{
	if (config->why_openssh == NULL)
		config->why_openssh = why;
	else
		g_free(why);
}

/* ---------------------------------------------------------------- paths */

/* The text of one %-token; NULL: one that only ssh knows. */
static char *token_text(const struct ssh_config *config, const char *home, char token)
{
	switch (token) {
	case '%':
		return g_strdup("%");
	case 'd':
		return g_strdup(home);
	case 'h':
		return g_strdup(config->host);
	case 'i':
		return g_strdup_printf("%u", (guint)getuid());
	case 'k':
		return g_strdup(config->host_key_alias != NULL ? config->host_key_alias
							       : config->alias);
	case 'L':
		return g_strndup(g_get_host_name(), strcspn(g_get_host_name(), "."));
	case 'l':
		return g_strdup(g_get_host_name());
	case 'n':
		return g_strdup(config->alias);
	case 'p':
		return g_strdup_printf("%u", config->port);
	case 'r':
		return g_strdup(config->user);
	case 'u':
		return g_strdup(g_get_user_name());
	default:
		return NULL;
	}
}

/* Adds what stands at *text, "%h" or "${NAME}", and moves behind it; false: only ssh knows. */
static bool add_special(const struct ssh_config *config, const char *home, const char **text,
			GString *path)
{
	const char *end = (*text)[1] == '{' ? strchr(*text, '}') : NULL;
	g_autofree char *name = end == NULL ? NULL : g_strndup(*text + 2, (gsize)(end - *text) - 2);
	g_autofree char *value = **text == '%'  ? token_text(config, home, (*text)[1])
				 : name != NULL ? g_strdup(g_getenv(name))
						: NULL;

	if (value == NULL)
		return false;
	g_string_append(path, value);
	*text = **text == '%' ? *text + 2 : end + 1;
	return true;
}

/* gives: the path that ssh means by it; NULL: only ssh knows. */
static char *resolve(const struct ssh_config *config, const char *home, const char *text)
{
	g_autoptr(GString) path = g_string_new(NULL);

	if (text[0] == '~') {
		if (text[1] != '/' && text[1] != '\0')
			return NULL;
		g_string_append(path, home);
		text++;
	}
	while (*text != '\0') {
		if (*text != '%' && !g_str_has_prefix(text, "${"))
			g_string_append_c(path, *text++);
		else if (!add_special(config, home, &text, path))
			return NULL;
	}
	return g_string_free(g_steal_pointer(&path), FALSE);
}

/* ---------------------------------------------------------------- keys */

/* The name of a key that lies on a token stands in the file, inside the base64. */
static bool is_fido_key(const char *path)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree guchar *bytes = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, NULL) || size > KEY_FILE_BYTES)
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (guint i = 0; lines[i] != NULL; i++)
		if (!g_str_has_prefix(lines[i], "-----"))
			g_string_append(body, lines[i]);
	bytes = g_base64_decode(body->str, &size);
	return memmem(bytes, size, "sk-ssh-", 7) != NULL ||
	       memmem(bytes, size, "sk-ecdsa-", 9) != NULL;
}

static void add_key(struct ssh_config *config, GPtrArray *files, char *path)
{
	if (is_fido_key(path))
		set_why(config, g_strdup_printf("\"%s\" is a FIDO key", path));
	g_ptr_array_add(files, path);
}

static char **end_list(GPtrArray *list)
{
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

static bool take_named_keys(struct ssh_config *config, const char *const *keys, GError **error)
{
	GPtrArray *files = g_ptr_array_new();
	const char *missing = NULL;

	for (guint i = 0; keys[i] != NULL; i++) {
		if (g_file_test(keys[i], G_FILE_TEST_EXISTS))
			add_key(config, files, g_strdup(keys[i]));
		else
			missing = keys[i];
	}
	config->identity_files = end_list(files);
	if (missing != NULL)
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG, "the key \"%s\" cannot be found",
			    missing);
	return missing == NULL;
}

static void take_configured_keys(struct ssh_config *config, const char *home,
				 const GPtrArray *identity_files)
{
	GPtrArray *files = g_ptr_array_new();

	for (guint i = 0; i < identity_files->len; i++) {
		char *path = resolve(config, home, identity_files->pdata[i]);

		if (path == NULL)
			set_why(config, g_strdup_printf("IdentityFile \"%s\" is for ssh to resolve",
							(char *)identity_files->pdata[i]));
		else if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
			add_key(config, files, g_steal_pointer(&path));
		g_free(path);
	}
	config->identity_files = end_list(files);
}

/* ---------------------------------------------------------------- the lines of ssh -G */

static bool is_yes(const char *value)
{
	return strcmp(value, "yes") == 0 || strcmp(value, "true") == 0;
}

static void replace(char **place, const char *value)
{
	g_free(*place);
	*place = g_strdup(value);
}

/* ssh prints names with blanks in them as it does several names. */
static void add_paths(struct reading *reading, GPtrArray *paths, const char *value)
{
	g_auto(GStrv) words = g_strsplit(value, " ", -1);

	for (guint i = 0; words[i] != NULL; i++) {
		if (words[i][0] == '/')
			g_ptr_array_add(paths, g_strdup(words[i]));
		else if (words[i][0] != '\0' && strcmp(words[i], "none") != 0)
			replace(&reading->unclear, value);
	}
}

static void take_reason(struct ssh_config *config, const char *name, const char *value)
{
	for (guint i = 0; i < G_N_ELEMENTS(only_openssh); i++)
		if (g_ascii_strcasecmp(name, only_openssh[i].name) == 0 &&
		    strcmp(value, only_openssh[i].harmless) != 0)
			set_why(config, g_strdup_printf("%s is set", only_openssh[i].name));
	if (strcmp(name, "preferredauthentications") == 0 && strstr(value, "publickey") == NULL)
		set_why(config, g_strdup("PreferredAuthentications has no publickey"));
}

static void take_line(struct reading *reading, const char *name, const char *value)
{
	struct ssh_config *config = reading->config;
	guint64 port = 0;

	if (strcmp(name, "hostname") == 0)
		replace(&config->host, value);
	else if (strcmp(name, "user") == 0)
		replace(&config->user, value);
	else if (strcmp(name, "port") == 0 &&
		 g_ascii_string_to_unsigned(value, 10, 1, 65535, &port, NULL))
		config->port = (guint)port;
	else if (strcmp(name, "hostkeyalias") == 0 && strcmp(value, "none") != 0)
		replace(&config->host_key_alias, value);
	else if (strcmp(name, "identityfile") == 0 && strcmp(value, "none") != 0)
		g_ptr_array_add(reading->identity_files, g_strdup(value));
	else if (strcmp(name, "identityagent") == 0)
		replace(&reading->identity_agent, value);
	else if (strcmp(name, "identitiesonly") == 0)
		config->identities_only = is_yes(value);
	else if (strcmp(name, "hashknownhosts") == 0)
		config->hash_known_hosts = is_yes(value);
	else if (strcmp(name, "forkafterauthentication") == 0)
		config->goes_to_background = is_yes(value);
	else if (strcmp(name, "userknownhostsfile") == 0)
		add_paths(reading, reading->user_known, value);
	else if (strcmp(name, "globalknownhostsfile") == 0)
		add_paths(reading, reading->system_known, value);
	else
		take_reason(config, name, value);
}

static void take_lines(struct reading *reading, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (guint i = 0; lines[i] != NULL; i++) {
		char *blank = strchr(lines[i], ' ');

		if (blank == NULL)
			continue;
		*blank = '\0';
		take_line(reading, lines[i], blank + 1);
	}
}

/* "SSH_AUTH_SOCK", "$NAME", a path, "none", or nothing said. */
static char *find_agent(const struct reading *reading)
{
	const char *said = reading->identity_agent;
	const char *usual = g_getenv("SSH_AUTH_SOCK");
	g_autofree char *path = NULL;

	if (said == NULL || strcmp(said, "SSH_AUTH_SOCK") == 0)
		path = g_strdup(usual);
	else if (said[0] == '$' && said[1] != '{')
		path = g_strdup(g_getenv(said + 1));
	else if (strcmp(said, "none") != 0)
		path = resolve(reading->config, reading->home, said);
	return path == NULL || path[0] == '\0' ? NULL : g_steal_pointer(&path);
}

/* ---------------------------------------------------------------- asking */

static char **make_argv(const struct ssh_target *target, const struct ssh_options *options)
{
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
	g_autofree char *port = g_strdup_printf("%u", target->port);
	const char *user = target->user != NULL ? target->user : options->user;

	g_strv_builder_add_many(argv, "ssh", "-GT", NULL);
	if (options->config_file != NULL)
		g_strv_builder_add_many(argv, "-F", options->config_file, NULL);
	if (user != NULL)
		g_strv_builder_add_many(argv, "-l", user, NULL);
	if (target->port != 0)
		g_strv_builder_add_many(argv, "-p", port, NULL);
	g_strv_builder_add_many(argv, "--", target->host, NULL);
	return g_strv_builder_end(argv);
}

static bool ask_client(struct reading *reading, const struct ssh_target *target,
		       const struct ssh_options *options, GError **error)
{
	g_auto(GStrv) argv = make_argv(target, options);
	struct ssh_child_output output = {0};
	bool is_read = false;

	if (!ssh_child_run((const char *const *)argv, LIMIT_SSH_CONNECT_MS, &output, error))
		return false;
	is_read = output.exit_status == 0;
	if (is_read)
		take_lines(reading, output.out);
	else
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG, "ssh_config: %s",
			    g_strdelimit(g_strstrip(output.err), "\r\n", ' '));
	ssh_child_output_done(&output);
	return is_read;
}

static void take_defaults(struct reading *reading)
{
	const char *home = reading->home;

	for (guint i = 0; i < G_N_ELEMENTS(usual_keys); i++)
		g_ptr_array_add(reading->identity_files,
				g_build_filename(home, usual_keys[i], NULL));
	for (guint i = 0; i < G_N_ELEMENTS(usual_known_hosts); i++)
		g_ptr_array_add(reading->user_known,
				g_build_filename(home, usual_known_hosts[i], NULL));
	for (guint i = 0; i < G_N_ELEMENTS(system_known_hosts); i++)
		g_ptr_array_add(reading->system_known, g_strdup(system_known_hosts[i]));
}

static struct ssh_config *new_config(const struct ssh_target *target,
				     const struct ssh_options *options)
{
	struct ssh_config *config = g_new0(struct ssh_config, 1);
	const char *user = target->user != NULL ? target->user : options->user;

	config->alias = g_strdup(target->host);
	config->host = g_strdup(target->host);
	config->user = g_strdup(user != NULL ? user : g_get_user_name());
	config->port = target->port != 0 ? target->port : 22;
	return config;
}

/* A file that is not looked into would make a changed key a new one. */
static bool take_known_hosts(struct reading *reading, const char *named, GError **error)
{
	GPtrArray *files = NULL;

	if (named == NULL && reading->unclear != NULL) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG,
			    "files of known hosts cannot be told apart in \"%s\": name one with "
			    "--known-hosts",
			    reading->unclear);
		return false;
	}
	files = g_ptr_array_new();
	if (named != NULL) {
		g_ptr_array_add(files, g_strdup(named));
	} else {
		g_ptr_array_extend_and_steal(files, g_steal_pointer(&reading->user_known));
		g_ptr_array_extend_and_steal(files, g_steal_pointer(&reading->system_known));
	}
	reading->config->known_hosts = end_list(files);
	return true;
}

static bool fill(struct reading *reading, const struct ssh_target *target,
		 const struct ssh_options *options, GError **error)
{
	struct ssh_config *config = reading->config;
	const char *const one_key[] = {target->key, NULL};
	const char *const *keys = target->key != NULL ? one_key : options->keys;

	config->has_client = ssh_child_exists("ssh");
	if (!config->has_client && options->config_file != NULL) {
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG,
			    "\"%s\" can only be read by the program ssh, which is not here",
			    options->config_file);
		return false;
	}
	if (!config->has_client)
		take_defaults(reading);
	else if (!ask_client(reading, target, options, error))
		return false;
	config->agent_socket = find_agent(reading);
	if (!take_known_hosts(reading, options->known_hosts_file, error))
		return false;
	if (keys != NULL)
		return take_named_keys(config, keys, error);
	take_configured_keys(config, reading->home, reading->identity_files);
	return true;
}

struct ssh_config *ssh_config_read(const struct ssh_target *target,
				   const struct ssh_options *options, GError **error)
{
	PLIMSOLL_AUTO(ssh_config) *config = NULL;
	g_autofree char *home = find_home();
	struct reading reading = {.home = home};
	bool is_done = false;

	/* Not even "--" helps where a client reads the word again, as one behind ProxyJump. */
	if (target->host[0] == '-' || target->host[0] == '\0') {
		g_set_error(error, SSH_ERROR, SSH_ERROR_CONFIG, "\"%s\" is not a host",
			    target->host);
		return NULL;
	}
	config = reading.config = new_config(target, options);
	reading.identity_files = g_ptr_array_new_with_free_func(g_free);
	reading.user_known = g_ptr_array_new_with_free_func(g_free);
	reading.system_known = g_ptr_array_new_with_free_func(g_free);
	is_done = fill(&reading, target, options, error);
	g_ptr_array_unref(reading.identity_files);
	g_clear_pointer(&reading.user_known, g_ptr_array_unref);
	g_clear_pointer(&reading.system_known, g_ptr_array_unref);
	g_free(reading.identity_agent);
	g_free(reading.unclear);
	return is_done ? g_steal_pointer(&config) : NULL;
}

void ssh_config_free(struct ssh_config *config)
{
	if (config == NULL)
		return;
	g_free(config->alias);
	g_free(config->host);
	g_free(config->user);
	g_free(config->host_key_alias);
	g_strfreev(config->identity_files);
	g_strfreev(config->known_hosts);
	g_free(config->agent_socket);
	g_free(config->why_openssh);
	g_free(config);
}
