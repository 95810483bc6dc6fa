/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads RUN steps as the agent sends them: words with single blanks between them, known ones as
 * they are, all else as signs (agent/mask.h). The operators of the shell are words of their own.
 */
#include <glib.h>
#include <string.h>

#include "checks/derive/derive_build.h"

static bool is_one_of(const char *const *list, const char *word)
{
	return word != NULL && g_strv_contains(list, word);
}

static bool is_operator(const char *word)
{
	static const char *const operators[] = {"&&", "||", "|&", ";;", ";",
						"|",  "&",  "(",  ")",  NULL};

	return is_one_of(operators, word);
}

/* What may stand before a command: words of the shell's grammar, `NAME=*`, and programs that run
 * another. */
static bool is_before_command(const char *word)
{
	static const char *const before[] = {"!",    "{",     "}",     "if",      "then", "elif",
					     "else", "while", "until", "do",      "time", "command",
					     "doas", "env",   "eval",  "exec",    "nice", "nohup",
					     "sudo", "xargs", "gosu",  "su-exec", NULL};

	return is_one_of(before, word) || g_str_has_suffix(word, "=*") ||
	       g_str_has_suffix(word, "=");
}

/* These take a user name before the command. */
static bool takes_user(const char *word)
{
	return strcmp(word, "gosu") == 0 || strcmp(word, "su-exec") == 0;
}

/* The exec form `["sh", "-c", "..."]` is recorded without its quotes. */
static bool is_shell_with_script(char *const *words)
{
	static const char *const shells[] = {"sh", "bash", "ash", "dash", "zsh", NULL};

	return is_one_of(shells, words[0]) && words[1] != NULL && words[1][0] == '-' &&
	       g_str_has_suffix(words[1], "c");
}

/* The command of the segment that starts at words; it may be an operator or the end. */
static char *const *find_command(char *const *words)
{
	while (*words != NULL) {
		if (is_shell_with_script(words))
			words += 2;
		else if (is_before_command(*words))
			words += takes_user(*words) && words[1] != NULL ? 2 : 1;
		else
			break;
	}
	return words;
}

static char *const *segment_end(char *const *words)
{
	while (*words != NULL && !is_operator(*words))
		words++;
	return words;
}

/* ---- package managers ---- */

enum family { FAMILY_APT, FAMILY_APK, FAMILY_YUM, FAMILY_ZYPPER, FAMILY_PACMAN, FAMILY_COUNT };

static const struct {
	const char *managers[4];
	const char *updates[3];   /* sub-commands that fetch the index and install nothing */
	const char *installs[10]; /* those that install what the index names */
} families[FAMILY_COUNT] = {
	[FAMILY_APT] = {{"apt", "apt-get", "aptitude"},
			{"update"},
			{"install", "reinstall", "upgrade", "dist-upgrade", "full-upgrade",
			 "build-dep"}},
	[FAMILY_APK] = {{"apk"}, {"update"}, {"add", "upgrade"}},
	[FAMILY_YUM] = {{"yum", "dnf", "microdnf"},
			{"check-update", "makecache"},
			{"install", "localinstall", "groupinstall", "reinstall", "update",
			 "upgrade", "update-minimal", "distro-sync"}},
	[FAMILY_ZYPPER] = {{"zypper"},
			   {"refresh", "ref"},
			   {"install", "in", "update", "up", "upgrade", "dist-upgrade", "dup",
			    "patch"}},
	[FAMILY_PACMAN] = {{"pacman"}, {NULL}, {NULL}}, /* by options: see read_pacman() */
};

/* What the segments of a step do, by family. */
struct packages {
	const char *updated[FAMILY_COUNT]; /* its sub-command; NULL = no update */
	const char *manager[FAMILY_COUNT]; /* that updated */
	bool installed[FAMILY_COUNT];
};

static enum family family_of(const char *command)
{
	enum family family = 0;

	while (family < FAMILY_COUNT && !is_one_of(families[family].managers, command))
		family++;
	return family;
}

/* -Sy alone fetches the index; with u, with a name, and with -U something is installed. */
static void read_pacman(char *const *words, char *const *end, struct packages *packages)
{
	const char *operation = NULL;
	bool has_names = false;

	for (char *const *word = words + 1; word < end; word++) {
		bool is_option = (*word)[0] == '-';

		if (operation == NULL &&
		    (g_str_has_prefix(*word, "-S") || strcmp(*word, "-U") == 0))
			operation = *word;
		has_names = has_names || !is_option;
	}
	if (operation == NULL || strpbrk(operation, "cs") != NULL)
		return;
	if (has_names || strpbrk(operation, "uU") != NULL) {
		packages->installed[FAMILY_PACMAN] = true;
	} else if (strchr(operation, 'y') != NULL) {
		packages->updated[FAMILY_PACMAN] = operation;
		packages->manager[FAMILY_PACMAN] = *words;
	}
}

static void read_manager(char *const *words, char *const *end, enum family family,
			 struct packages *packages)
{
	char *const *word = words + 1;

	if (family == FAMILY_PACMAN) {
		read_pacman(words, end, packages);
		return;
	}
	while (word < end && (*word)[0] == '-')
		word++;
	if (word < end && is_one_of(families[family].updates, *word)) {
		packages->updated[family] = *word;
		packages->manager[family] = *words;
	}
	for (; word < end; word++) /* `dnf module install` has it behind another word */
		if (is_one_of(families[family].installs, *word))
			packages->installed[family] = true;
}

char *build_run_lone_update(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	struct packages packages = {0};
	char *const *at = words;

	while (*at != NULL) {
		char *const *command = find_command(at);
		char *const *end = segment_end(command);
		enum family family = *command != NULL ? family_of(*command) : FAMILY_COUNT;

		if (family != FAMILY_COUNT)
			read_manager(command, end, family, &packages);
		at = *end != NULL ? end + 1 : end;
	}
	for (enum family family = 0; family < FAMILY_COUNT; family++)
		if (packages.updated[family] != NULL && !packages.installed[family])
			return g_strdup_printf("%s %s", packages.manager[family],
					       packages.updated[family]);
	return NULL;
}

/* ---- modes ---- */

enum { SET_ID_BITS = 06000 };

/* One clause of a symbolic mode, "ug+rwxs": s is given to the user or the group. */
static bool clause_sets_id(const char *clause)
{
	size_t who = strspn(clause, "ugoa");
	bool counts = who == 0 || strcspn(clause, "uga") < who;
	char operator= '\0';

	for (const char *at = clause + who; *at != '\0'; at++) {
		if (strchr("+-=", *at) != NULL)
			operator= * at;
		else if (*at == 's' && operator!= '-' && operator!= '\0')
			return counts;
	}
	return false;
}

static bool mode_sets_id(const char *mode)
{
	g_auto(GStrv) clauses = NULL;
	guint64 bits = 0;

	if (g_ascii_string_to_unsigned(mode, 8, 0, 077777, &bits, NULL))
		return (bits & SET_ID_BITS) != 0;
	clauses = g_strsplit(mode, ",", -1);
	for (guint i = 0; clauses[i] != NULL; i++)
		if (clause_sets_id(clauses[i]))
			return true;
	return false;
}

/* The mask shows a mode only behind chmod, and modes have no other letters than words have. */
char *build_run_set_id(const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (guint i = 0; words[i] != NULL; i++) {
		guint mode = i + 1;

		if (strcmp(words[i], "chmod") != 0)
			continue;
		while (words[mode] != NULL && words[mode][0] == '-' && !mode_sets_id(words[mode]))
			mode++;
		if (words[mode] != NULL && mode_sets_id(words[mode]))
			return g_strdup_printf("chmod %s", words[mode]);
	}
	return NULL;
}

/* ---- signs ---- */

char *build_run_unverified(const char *text)
{
	static const char *const options[] = {"--allow-unauthenticated",
					      "--allow-insecure-repositories",
					      "--allow-untrusted",
					      "--force-yes",
					      "--no-gpg-check",
					      "--no-gpg-checks",
					      "--nogpgcheck",
					      "--nosignature",
					      "trusted=yes",
					      "trusted=true",
					      NULL};
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (guint i = 0; words[i] != NULL; i++) {
		const char *word = words[i][0] == '_' ? words[i] + 1 : words[i];

		if (is_one_of(options, word))
			return g_strdup(word);
	}
	return NULL;
}

static bool has_word(const char *text, const char *word)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	return is_one_of((const char *const *)words, word);
}

bool build_run_has_userinfo(const char *text)
{
	return has_word(text, "_url_with_userinfo_");
}

bool build_run_is_cut(const char *text)
{
	return has_word(text, "_truncated_");
}
