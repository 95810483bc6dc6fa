/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of ssh that an inventory gives (ansible_ssh_common_args). A scan does not hand them on;
 * those that only tune a connection, or that would check less than a scan does, can be left out.
 */
#include <string.h>

#include "server/inventory/inventory_private.h"

static const char *const flags[] = {"-C", "-q", "-v", "-vv", "-vvv", "-T", "-x",
				    "-a", "-k", "-4", "-6",  "-tt",  NULL};
/* Of -o; in small letters. */
static const char *const options[] = {
	"addressfamily",
	"batchmode",
	"checkhostip",
	"compression",
	"connectionattempts",
	"connecttimeout",
	"controlmaster",
	"controlpath",
	"controlpersist",
	"forwardagent",
	"forwardx11",
	"globalknownhostsfile",
	"gssapiauthentication",
	"kbdinteractiveauthentication",
	"loglevel",
	"passwordauthentication",
	"preferredauthentications",
	"serveralivecountmax",
	"serveraliveinterval",
	"stricthostkeychecking",
	"tcpkeepalive",
	"userknownhostsfile",
	NULL,
};

static bool is_option(const char *text)
{
	g_autofree char *name = g_ascii_strdown(text, (gssize)strcspn(text, "= \t"));

	return g_strv_contains(options, name);
}

bool inventory_is_harmless(const char *ssh_arguments)
{
	g_auto(GStrv) words = NULL;

	if (ssh_arguments[strspn(ssh_arguments, " \t")] == '\0')
		return true;
	if (!g_shell_parse_argv(ssh_arguments, NULL, &words, NULL))
		return false;
	for (guint i = 0; words[i] != NULL; i++) {
		const bool is_apart = strcmp(words[i], "-o") == 0;

		if (g_strv_contains(flags, words[i]))
			continue;
		if (!g_str_has_prefix(words[i], "-o") || (is_apart && words[++i] == NULL) ||
		    !is_option(is_apart ? words[i] : words[i] + 2))
			return false;
	}
	return true;
}
