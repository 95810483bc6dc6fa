/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow, before anything of a build step leaves the host: a small reader of shell
 * words that lets through what mask_words.c knows. It understands as much of the shell as is
 * needed to find commands and sub-commands; where it is unsure it masks.
 */
#include "agent/mask.h"

#include <string.h>

#include "agent/mask_words.h"
#include "proto/limits.h"

/* One word of a script, quotes removed. */
struct word {
	GString *text;
	bool is_plain; /* no blank or operator in quotes, no expansion */
};

struct masker {
	const char *at;
	GString *out;
	GString *command;       /* of the segment; empty: the next word is the command */
	GString *here_document; /* its end mark, to be looked for after this line; empty: none */
	bool is_mode_next;      /* after chmod: its mode */
	bool is_prefixed;       /* command is sudo or the like, another command follows */
};

static bool starts_operator(const struct masker *masker);
static void take_operator(struct masker *masker);
static void take_word(struct masker *masker);
static void skip_comment(struct masker *masker);
static void end_line(struct masker *masker);

static bool skip_blank(struct masker *masker)
{
	if (*masker->at == ' ' || *masker->at == '\t' || *masker->at == '\r')
		masker->at++;
	else if (g_str_has_prefix(masker->at, "\\\n"))
		masker->at += 2;
	else
		return false;
	return true;
}

char *mask_script(const char *script)
{
	struct masker masker = {
		.at = script,
		.out = g_string_new(NULL),
		.command = g_string_new(NULL),
		.here_document = g_string_new(NULL),
	};

	/* What is beyond the limit is cut off anyway. */
	while (*masker.at != '\0' && masker.out->len <= LIMIT_HISTORY_TEXT_BYTES) {
		if (skip_blank(&masker))
			continue;
		if (*masker.at == '\n')
			end_line(&masker);
		else if (*masker.at == '#')
			skip_comment(&masker);
		else if (starts_operator(&masker))
			take_operator(&masker);
		else
			take_word(&masker);
	}
	g_string_free(masker.command, TRUE);
	g_string_free(masker.here_document, TRUE);
	return g_string_free(masker.out, FALSE);
}

/* ---------------------------------------------------------------- output */

/* Words that say nothing need not be counted. */
static void emit(struct masker *masker, const char *token)
{
	GString *out = masker->out;

	if (strcmp(token, "_") == 0 &&
	    (strcmp(out->str, "_") == 0 || g_str_has_suffix(out->str, " _")))
		return;
	if (out->len > 0)
		g_string_append_c(out, ' ');
	g_string_append(out, token);
}

static void end_segment(struct masker *masker)
{
	g_string_truncate(masker->command, 0);
	masker->is_mode_next = false;
	masker->is_prefixed = false;
}

static bool ends_with_operator(const char *text)
{
	return text[0] == '\0' || strchr(";&|(", text[strlen(text) - 1]) != NULL;
}

/* ---------------------------------------------------------------- lines and operators */

static void skip_comment(struct masker *masker)
{
	masker->at += strcspn(masker->at, "\n");
}

/* Moves behind the here-document whose end mark is known. */
static void skip_here_document(struct masker *masker)
{
	while (*masker->at != '\0') {
		size_t length = strcspn(masker->at, "\n");
		g_autofree char *line = g_strstrip(g_strndup(masker->at, length));
		bool is_end = strcmp(line, masker->here_document->str) == 0;

		masker->at += length + (masker->at[length] == '\n' ? 1 : 0);
		if (is_end)
			break;
	}
	g_string_truncate(masker->here_document, 0);
}

static void end_line(struct masker *masker)
{
	masker->at++;
	if (!ends_with_operator(masker->out->str))
		emit(masker, ";");
	end_segment(masker);
	if (masker->here_document->len > 0)
		skip_here_document(masker);
}

/* 2>file: the digits belong to the operator. */
static size_t descriptor_length(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return text[digits] == '<' || text[digits] == '>' ? digits : 0;
}

static bool starts_operator(const struct masker *masker)
{
	const char *at = masker->at;

	return strchr(";&|()<>", *at) != NULL || descriptor_length(at) > 0;
}

static struct word read_word(struct masker *masker);

/* A redirection with its target, which is no word of the command. */
static void skip_redirection(struct masker *masker)
{
	bool is_here_document = false;
	struct word target = {0};

	masker->at += strspn(masker->at, "0123456789&");
	is_here_document =
		g_str_has_prefix(masker->at, "<<") && !g_str_has_prefix(masker->at, "<<<");
	masker->at += strspn(masker->at, "<>|&");
	if (is_here_document && *masker->at == '-')
		masker->at++;
	while (skip_blank(masker))
		;
	if (*masker->at == '\0' || *masker->at == '\n')
		return;
	if (*masker->at == '(') /* <(command): read as a group of its own */
		return;
	target = read_word(masker);
	if (is_here_document)
		g_string_assign(masker->here_document, target.text->str);
	g_string_free(target.text, TRUE);
}

static void take_operator(struct masker *masker)
{
	static const char *const operators[] = {"&&", "||", "|&", ";;", ";", "|", "&", "(", ")"};

	if (*masker->at == '<' || *masker->at == '>' || g_str_has_prefix(masker->at, "&>") ||
	    descriptor_length(masker->at) > 0) {
		skip_redirection(masker);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(operators); i++) {
		if (!g_str_has_prefix(masker->at, operators[i]))
			continue;
		masker->at += strlen(operators[i]);
		emit(masker, operators[i]);
		end_segment(masker);
		return;
	}
	g_assert_not_reached();
}

/* ---------------------------------------------------------------- words */

/* Moves behind a group that starts at *at with open: "$(...)", "${...}". */
static void skip_group(const char **at, char open, char close)
{
	int depth = 0;

	for (; **at != '\0'; (*at)++) {
		if (**at == '\\' && (*at)[1] != '\0')
			(*at)++;
		else if (**at == open)
			depth++;
		else if (**at == close && --depth <= 0) {
			(*at)++;
			return;
		}
	}
}

static void take_expansion(struct masker *masker, struct word *word)
{
	word->is_plain = false;
	masker->at++;
	if (*masker->at == '(')
		skip_group(&masker->at, '(', ')');
	else if (*masker->at == '{')
		skip_group(&masker->at, '{', '}');
}

static void take_backticks(struct masker *masker, struct word *word)
{
	const char *end = strchr(masker->at + 1, '`');

	word->is_plain = false;
	masker->at = end == NULL ? masker->at + strlen(masker->at) : end + 1;
}

static void take_character(struct masker *masker, struct word *word)
{
	if (strchr(" \t\r\n;&|()<>", *masker->at) != NULL)
		word->is_plain = false;
	g_string_append_c(word->text, *masker->at++);
}

static void take_quoted(struct masker *masker, struct word *word)
{
	char quote = *masker->at++;

	while (*masker->at != '\0' && *masker->at != quote) {
		if (quote == '"' && *masker->at == '\\' && masker->at[1] != '\0')
			masker->at++;
		if (quote == '"' && *masker->at == '$' && strchr("({", masker->at[1]) != NULL)
			take_expansion(masker, word);
		else
			take_character(masker, word);
	}
	if (*masker->at == quote)
		masker->at++;
}

static struct word read_word(struct masker *masker)
{
	struct word word = {g_string_new(NULL), true};

	while (*masker->at != '\0' && strchr(" \t\r\n;&|()<>", *masker->at) == NULL) {
		if (*masker->at == '\'' || *masker->at == '"') {
			take_quoted(masker, &word);
		} else if (*masker->at == '\\') {
			masker->at++;
			if (*masker->at == '\n')
				masker->at++;
			else if (*masker->at != '\0')
				take_character(masker, &word);
		} else if (*masker->at == '$') {
			take_expansion(masker, &word);
		} else if (*masker->at == '`') {
			take_backticks(masker, &word);
		} else {
			take_character(masker, &word);
		}
	}
	return word;
}

/* Whether text has scheme://user[:password]@host. */
static bool has_userinfo(const char *text)
{
	for (const char *at = strstr(text, "://"); at != NULL; at = strstr(at, "://")) {
		at += strlen("://");
		if (at[strcspn(at, "@/?# \t\n\"'")] == '@')
			return true;
	}
	return false;
}

static void emit_masked(struct masker *masker, const char *text)
{
	const char *telling = mask_find_telling(text);
	g_autofree char *sign = telling == NULL ? NULL : g_strconcat("_", telling, NULL);

	if (has_userinfo(text))
		emit(masker, "_url_with_userinfo_");
	if (sign != NULL)
		emit(masker, sign);
	if (sign == NULL && !has_userinfo(text))
		emit(masker, "_");
}

/* Length of a shell name at text that is followed by =, else 0. */
static size_t assigned_name_length(const char *text)
{
	size_t length = 0;

	if (!g_ascii_isalpha(text[0]) && text[0] != '_')
		return 0;
	while (g_ascii_isalnum(text[length]) || text[length] == '_')
		length++;
	return text[length] == '=' ? length : 0;
}

/* Octal, or symbolic like u+s,g-w. */
static bool is_mode(const char *text)
{
	if (text[strspn(text, "01234567")] == '\0')
		return text[0] != '\0' && strlen(text) <= 5;
	while (true) {
		text += strspn(text, "ugoa");
		if (text[0] == '\0' || strchr("+-=", *text) == NULL)
			return false;
		while (*text != '\0' && strchr("+-=", *text) != NULL)
			text += 1 + strspn(text + 1, "rwxXstugo");
		if (*text == '\0')
			return true;
		if (*text++ != ',')
			return false;
	}
}

/* The base name of a path below the usual directories of programs; else text itself. */
static const char *command_name(const char *text)
{
	static const char *const folders[] = {"/bin/",      "/sbin/",          "/usr/bin/",
					      "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"};

	for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
		if (g_str_has_prefix(text, folders[i]))
			return text + strlen(folders[i]);
	return text;
}

static void take_command(struct masker *masker, const struct word *word)
{
	const char *name = command_name(word->text->str);

	if (!word->is_plain ||
	    (!mask_is_word(name) && !mask_is_keyword(name) && !mask_is_prefix(name))) {
		emit_masked(masker, word->text->str);
		g_string_assign(masker->command, "_");
		return;
	}
	emit(masker, name);
	/* `for x in ...` names no command; after the other keywords one follows. */
	if (mask_is_keyword(name) && strcmp(name, "for") != 0 && strcmp(name, "case") != 0 &&
	    strcmp(name, "select") != 0 && strcmp(name, "function") != 0)
		return;
	g_string_assign(masker->command, name);
	masker->is_prefixed = mask_is_prefix(name);
	masker->is_mode_next = strcmp(name, "chmod") == 0;
}

static void skip_value(struct masker *masker, const char *option)
{
	struct word value = {0};

	if (!mask_takes_value(masker->command->str, option))
		return;
	while (skip_blank(masker))
		;
	if (*masker->at == '\0' || *masker->at == '\n' || starts_operator(masker))
		return;
	value = read_word(masker);
	g_string_free(value.text, TRUE);
}

static void take_option(struct masker *masker, const struct word *word)
{
	g_autofree char *name = g_strndup(word->text->str, strcspn(word->text->str, "="));
	const char *telling = mask_find_telling(word->text->str);

	if (word->is_plain && mask_is_option(name)) {
		emit(masker, name);
	} else if (telling != NULL || has_userinfo(word->text->str)) {
		emit_masked(masker, word->text->str);
	} else {
		emit(masker, "-_");
	}
	skip_value(masker, word->text->str);
	if (g_str_has_prefix(name, "-exec") || strcmp(name, "-ok") == 0)
		g_string_truncate(masker->command, 0);
}

static void take_argument(struct masker *masker, const struct word *word)
{
	const char *text = word->text->str;

	if (text[0] == '-' && text[1] != '\0') {
		take_option(masker, word);
	} else if (masker->is_mode_next) {
		masker->is_mode_next = false;
		if (word->is_plain && is_mode(text))
			emit(masker, text);
		else
			emit_masked(masker, text);
	} else if (word->is_plain && mask_is_word(text)) {
		emit(masker, text);
	} else {
		emit_masked(masker, text);
	}
}

static void take_word(struct masker *masker)
{
	struct word word = read_word(masker);
	const char *text = word.text->str;
	bool is_command_place = masker->command->len == 0 || masker->is_prefixed;

	if (is_command_place && assigned_name_length(text) > 0)
		emit(masker, "_=*");
	else if (masker->is_prefixed && text[0] == '-')
		skip_value(masker, text);
	else if (is_command_place)
		take_command(masker, &word);
	else
		take_argument(masker, &word);
	g_string_free(word.text, TRUE);
}

/* ---------------------------------------------------------------- instructions */

char *mask_limit(char *text)
{
	static const char sign[] = " _truncated_";
	size_t length = strlen(text);

	if (length <= LIMIT_HISTORY_TEXT_BYTES)
		return text;
	length = LIMIT_HISTORY_TEXT_BYTES - strlen(sign);
	while (length > 0 && text[length] != ' ')
		length--;
	memcpy(text + length, sign, sizeof(sign));
	return text;
}

static bool is_name_character(char c)
{
	return g_ascii_isalnum(c) || (c != '\0' && strchr("_.-/", c) != NULL);
}

/* gives: the text before = when it can be a name, else NULL. */
static char *name_of(const char *word)
{
	size_t length = 0;

	while (is_name_character(word[length]))
		length++;
	return length > 0 && (word[length] == '=' || word[length] == '\0') ? g_strndup(word, length)
									   : NULL;
}

static bool is_known(GHashTable *known, const char *name)
{
	return name != NULL && known != NULL && g_hash_table_contains(known, name);
}

static void append_assignment(GString *out, const char *name, bool is_empty)
{
	g_string_append_printf(out, "%s%s=%s", out->len > 0 ? " " : "", name, is_empty ? "" : "*");
}

/* Whether the value of words[i] is empty: `A=` at the end, or before another known name. */
static bool has_empty_value(char **words, guint i, GHashTable *known)
{
	g_autofree char *next = words[i + 1] == NULL ? NULL : name_of(words[i + 1]);

	return g_str_has_suffix(words[i], "=") && strchr(words[i], '=')[1] == '\0' &&
	       (words[i + 1] == NULL ||
		(is_known(known, next) && strchr(words[i + 1], '=') != NULL));
}

static char **split_words(const char *text)
{
	GPtrArray *words = g_ptr_array_new();

	while (*text != '\0') {
		size_t length = strcspn(text, " \t\r\n");
		if (length > 0)
			g_ptr_array_add(words, g_strndup(text, length));
		text += length;
		text += strspn(text, " \t\r\n");
	}
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(words, FALSE);
}

char *mask_assignments(const char *operands, GHashTable *known)
{
	g_auto(GStrv) words = split_words(operands);
	GString *out = g_string_new(NULL);

	for (guint i = 0; words[i] != NULL; i++) {
		g_autofree char *name = name_of(words[i]);
		bool is_assignment = i == 0 || strchr(words[i], '=') != NULL;

		if (is_assignment && is_known(known, name))
			append_assignment(out, name, has_empty_value(words, i, known));
		else if (i == 0)
			append_assignment(out, "_", false);
	}
	return g_string_free(out, FALSE);
}

char *mask_argument(const char *operands)
{
	g_auto(GStrv) words = split_words(operands);
	g_autofree char *name = words[0] == NULL ? NULL : name_of(words[0]);
	GString *out = g_string_new(NULL);

	if (words[0] != NULL)
		append_assignment(out, name == NULL ? "_" : name,
				  strchr(words[0], '=') == NULL || has_empty_value(words, 0, NULL));
	return g_string_free(out, FALSE);
}

/* Where the words before a shell end; the end of text when there is no shell. */
static const char *find_shell(const char *text)
{
	for (const char *at = text; *at != '\0';) {
		if (mask_skip_shell(at) != NULL)
			return at;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return text + strlen(text);
}

char *mask_build_arguments(const char *text, GHashTable *known, const char **ret_script)
{
	char *end = NULL;
	guint64 count = g_ascii_strtoull(text + 1, &end, 10);
	const char *script = find_shell(end);
	g_autofree char *part = g_strndup(end, (gsize)(script - end));
	g_auto(GStrv) words = split_words(part);
	GString *out = g_string_new(NULL);
	/* As many words as arguments: no value holds a blank, so each word starts with a name. */
	bool is_exact = g_strv_length(words) == count;

	for (guint i = 0; words[i] != NULL; i++) {
		g_autofree char *name = name_of(words[i]);
		const char *value = strchr(words[i], '=');

		if (name != NULL && value != NULL && (is_exact || i == 0 || is_known(known, name)))
			append_assignment(out, name, value[1] == '\0' && is_exact);
		else if (is_exact)
			append_assignment(out, "_", false);
	}
	*ret_script = script;
	return g_string_free(out, FALSE);
}

static bool is_shell(const char *word, size_t length)
{
	static const char *const shells[] = {"sh", "bash", "ash", "dash", "zsh", "ksh"};
	g_autofree char *path = g_strndup(word, length);
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash != NULL && i < G_N_ELEMENTS(shells); i++)
		if (strcmp(slash + 1, shells[i]) == 0)
			return true;
	return false;
}

const char *mask_skip_shell(const char *text)
{
	size_t length = strcspn(text, " ");

	if (text[0] != '/' || !is_shell(text, length))
		return NULL;
	text += length;
	while (*text == ' ' && text[1] == '-') {
		const char *option = ++text;
		length = strcspn(text, " ");
		text += length;
		if (option[1] != '-' && option[length - 1] == 'c')
			return *text == ' ' ? text + 1 : text;
		if (length == 2 && option[1] == 'o' && *text == ' ') /* -o pipefail */
			text += 1 + strcspn(text + 1, " ");
	}
	return NULL;
}

char *mask_destination(const char *operands)
{
	/* The classic builder writes `file:HASH in DEST`; BuildKit the sources and DEST. */
	const char *in = strstr(operands, " in ");
	g_auto(GStrv) words = split_words(in == NULL ? operands : in + strlen(" in "));
	guint count = g_strv_length(words);
	const char *destination = count == 0 ? "_" : words[count - 1];

	if (strstr(destination, "://") != NULL || strlen(destination) > 512)
		destination = "_";
	return g_strdup(destination);
}
