/* SPDX-License-Identifier: Apache-2.0 */
/* See ssh_openssh.h. What stands on the command line comes before ssh_config. */
#include <string.h>

#include "agent/ssh/ssh_openssh.h"
#include "proto/limits.h"

/* What ssh_config may not change. */
static const char *const fixed[] = {
	"ControlMaster=yes",
	"ControlPersist=no",
	"ForwardAgent=no",
	"ForwardX11=no",
	"ClearAllForwardings=yes",
	"Tunnel=no",
	"PermitLocalCommand=no",
	"RemoteCommand=none",
	"RequestTTY=no",
	"UpdateHostKeys=no", /* nothing is written but what accept-new means */
	"VerifyHostKeyDNS=no",
	"CheckHostIP=no",
	"NoHostAuthenticationForLocalhost=no",
	"GSSAPIDelegateCredentials=no", /* a ticket is worth as much as an agent */
	"PasswordAuthentication=no",
	"KbdInteractiveAuthentication=no",
	"ServerAliveInterval=15",
	"ServerAliveCountMax=3",
	"FingerprintHash=sha256",
	"LogLevel=DEBUG1",
};

/* Adds a text as one word of a value of ssh_config. */
static void add_word(GString *option, const char *word)
{
	g_string_append_c(option, '"');
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			g_string_append_c(option, '\\');
		if (*word == '%')
			g_string_append_c(option, '%');
		g_string_append_c(option, *word);
	}
	g_string_append_c(option, '"');
}

/* gives: NAME="WORD" "WORD"...; g_free(). */
static char *make_option(const char *name, const char *const *words)
{
	GString *option = g_string_new(name);

	for (guint i = 0; words[i] != NULL; i++) {
		g_string_append_c(option, i == 0 ? '=' : ' ');
		add_word(option, words[i]);
	}
	return g_string_free(option, FALSE);
}

static void add_option(GStrvBuilder *argv, const char *option)
{
	g_strv_builder_add_many(argv, "-o", option, NULL);
}

static void add_value(GStrvBuilder *argv, const char *name, const char *value)
{
	g_autofree char *option = make_option(name, (const char *const[]){value, NULL});

	add_option(argv, option);
}

/*
 * Whom we know and who we are: what ssh_config.h found out, so that both variants agree; but keys
 * that ssh_config names are tried behind those named here, since nothing can take them back.
 */
static void add_identity(GStrvBuilder *argv, const struct ssh_config *config)
{
	g_autofree char *known =
		make_option("UserKnownHostsFile", (const char *const *)config->known_hosts);

	add_option(argv, config->known_hosts[0] == NULL ? "UserKnownHostsFile=none" : known);
	add_option(argv, "GlobalKnownHostsFile=none");
	add_option(argv, config->hash_known_hosts ? "HashKnownHosts=yes" : "HashKnownHosts=no");
	if (config->host_key_alias != NULL)
		add_value(argv, "HostKeyAlias", config->host_key_alias);
	for (guint i = 0; config->identity_files[i] != NULL; i++)
		add_value(argv, "IdentityFile", config->identity_files[i]);
	add_option(argv, config->identities_only ? "IdentitiesOnly=yes" : "IdentitiesOnly=no");
	if (config->agent_socket != NULL)
		add_value(argv, "IdentityAgent", config->agent_socket);
	else
		add_option(argv, "IdentityAgent=none");
}

char **ssh_openssh_master_argv(const struct ssh_config *config, const struct ssh_options *options,
			       const char *control, const char *log_path)
{
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
	g_autofree char *port = g_strdup_printf("%u", config->port);
	gint64 connect_ms = options->connect_ms > 0 ? options->connect_ms : LIMIT_SSH_CONNECT_MS;
	g_autofree char *timeout =
		g_strdup_printf("ConnectTimeout=%" G_GINT64_FORMAT, (connect_ms + 999) / 1000);

	g_strv_builder_add_many(argv, "ssh", "-NTax", "-E", log_path, "-S", control, NULL);
	if (options->config_file != NULL)
		g_strv_builder_add_many(argv, "-F", options->config_file, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(fixed); i++)
		add_option(argv, fixed[i]);
	add_option(argv, timeout);
	add_option(argv, options->ask_passphrase ? "BatchMode=no" : "BatchMode=yes");
	add_option(argv, options->host_key_policy == SSH_HOST_KEY_ACCEPT_NEW
				 ? "StrictHostKeyChecking=accept-new"
				 : "StrictHostKeyChecking=yes");
	/* Older clients do not know it; a child that leaves would never be ended. */
	if (config->goes_to_background)
		add_option(argv, "ForkAfterAuthentication=no");
	add_identity(argv, config);
	g_strv_builder_add_many(argv, "-l", config->user, "-p", port, "--", config->alias, NULL);
	return g_strv_builder_end(argv);
}

char **ssh_openssh_client_argv(const char *control, const char *forward, const char *command)
{
	g_autoptr(GStrvBuilder) argv = g_strv_builder_new();

	/* Without a master a client would connect by itself: nobody is at that address, it knows
	 * no host and has no key. ssh_config was the master's to read. */
	g_strv_builder_add_many(argv, "ssh", "-TaxF", "/dev/null", "-S", control, "-e", "none",
				"-o", "ControlMaster=no", "-o", "BatchMode=yes", "-o",
				"StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=none", "-o",
				"GlobalKnownHostsFile=none", "-o", "LogLevel=ERROR", NULL);
	if (forward != NULL)
		g_strv_builder_add_many(argv, "-O", "forward", "-L", forward, NULL);
	g_strv_builder_add_many(argv, "--", "255.255.255.255", NULL);
	if (command != NULL)
		g_strv_builder_add(argv, command);
	return g_strv_builder_end(argv);
}
