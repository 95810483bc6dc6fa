/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: audit rules from text (auditctl(8), audit.rules(7)). A line is words at
 * blanks; auditctl knows no quoting either.
 */
#include "agent/host/audit_text.h"

#include <string.h>

#include "proto/limits.h"

struct line {
	char **words;
	struct arena *arena;
	struct host_audit_rule *rule;
};

void audit_rule_add_field(struct host_audit_rule *rule, struct arena *arena, const char *name,
			  const char *op, const char *value)
{
	struct host_audit_field *fields =
		arena_calloc(arena, (size_t)rule->n_fields + 1, sizeof(*fields));

	if (rule->n_fields > 0)
		memcpy(fields, rule->fields, rule->n_fields * sizeof(*fields));
	fields[rule->n_fields] = (struct host_audit_field){.name = name, .op = op, .value = value};
	rule->fields = fields;
	rule->n_fields++;
}

static const char *copy(const struct line *line, const char *text)
{
	return arena_strdup(line->arena, text);
}

static bool take_watch(const struct line *line, const char *value)
{
	line->rule->list = "exit";
	line->rule->action = "always";
	line->rule->path = copy(line, value);
	line->rule->perms = "rwxa";
	return true;
}

static bool take_perms(const struct line *line, const char *value)
{
	line->rule->perms = copy(line, value);
	return true;
}

static bool take_key(const struct line *line, const char *value)
{
	if (line->rule->key == NULL)
		line->rule->key = copy(line, value);
	return true;
}

/* "always,exit" and "exit,always" are the same. */
static bool take_list_and_action(const struct line *line, const char *value)
{
	const char *comma = strchr(value, ',');
	const char *first = NULL;
	const char *second = NULL;
	bool action_first = false;

	if (comma == NULL)
		return false;
	first = arena_strndup(line->arena, value, (size_t)(comma - value));
	second = copy(line, comma + 1);
	action_first = strcmp(first, "always") == 0 || strcmp(first, "never") == 0 ||
		       strcmp(first, "possible") == 0;
	line->rule->action = action_first ? first : second;
	line->rule->list = action_first ? second : first;
	line->rule->syscalls = "all"; /* until -S says otherwise */
	return true;
}

static bool take_syscalls(const struct line *line, const char *value)
{
	const char *before = line->rule->syscalls;

	line->rule->syscalls = before == NULL || strcmp(before, "all") == 0
				       ? copy(line, value)
				       : arena_printf(line->arena, "%s,%s", before, value);
	return true;
}

static bool take_path(const struct line *line, const char *value, bool is_dir)
{
	line->rule->path = copy(line, value);
	line->rule->has_dir = true;
	line->rule->dir = is_dir;
	return true;
}

static bool take_field(const struct line *line, const char *value)
{
	static const char *const operators[] = {"!=", ">=", "<=", "&=", "=", ">", "<", "&"};
	size_t length = strcspn(value, "!=<>&");
	const char *name = arena_strndup(line->arena, value, length);
	const char *op = NULL;
	const char *rest = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(operators) && op == NULL; i++) {
		if (g_str_has_prefix(value + length, operators[i]))
			op = operators[i];
	}
	if (length == 0 || op == NULL)
		return false;
	rest = value + length + strlen(op);
	if (strcmp(name, "path") == 0 || strcmp(name, "dir") == 0)
		return take_path(line, rest, name[0] == 'd');
	if (strcmp(name, "perm") == 0)
		return take_perms(line, rest);
	if (strcmp(name, "key") == 0)
		return take_key(line, rest);
	if (strcmp(name, "arch") != 0)
		audit_rule_add_field(line->rule, line->arena, name, op, copy(line, rest));
	return true;
}

static bool take_comparison(const struct line *line, const char *value)
{
	audit_rule_add_field(line->rule, line->arena, "compare", "=", copy(line, value));
	return true;
}

static const struct {
	const char *name;
	bool (*take)(const struct line *line, const char *value);
} options[] = {
	{"-w", take_watch},           {"-p", take_perms},           {"-k", take_key},
	{"-a", take_list_and_action}, {"-A", take_list_and_action}, {"-S", take_syscalls},
	{"-F", take_field},           {"-C", take_comparison},
};

static bool take_option(const struct line *line, const char *name, const char *value)
{
	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		if (strcmp(options[i].name, name) == 0)
			return value != NULL && options[i].take(line, value);
	}
	return false;
}

bool audit_text_rule(const char *text, struct arena *arena, struct host_audit_rule *ret_rule)
{
	g_autofree char *plain = g_strdup(text);
	g_auto(GStrv) words = NULL;
	g_autoptr(GPtrArray) present = g_ptr_array_new();
	struct host_audit_rule rule = {0};
	struct line line = {.arena = arena, .rule = &rule};

	words = g_strsplit_set(g_strstrip(plain), " \t\r", -1);
	for (guint i = 0; words[i] != NULL; i++) {
		if (words[i][0] != '\0')
			g_ptr_array_add(present, words[i]);
	}
	g_ptr_array_add(present, NULL);
	line.words = (char **)present->pdata;
	if (line.words[0] == NULL || line.words[0][0] == '#')
		return false;
	for (guint i = 0; line.words[i] != NULL; i += 2) {
		if (!take_option(&line, line.words[i], line.words[i + 1]))
			return false;
	}
	if (rule.list == NULL)
		return false;
	rule.raw = arena_strndup(arena, plain, MIN(strlen(plain), (size_t)LIMIT_AUDIT_RAW_BYTES));
	*ret_rule = rule;
	return true;
}

const struct host_audit_rule *audit_text_rules(const char *text, struct arena *arena, guint *ret_n,
					       bool *ret_truncated)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	struct host_audit_rule *rules = NULL;
	guint n = 0;
	guint n_lines = MIN(g_strv_length(lines), LIMIT_AUDIT_RULES);

	rules = arena_calloc(arena, MAX(n_lines, 1U), sizeof(*rules));
	*ret_truncated = false;
	for (guint i = 0; lines[i] != NULL; i++) {
		struct host_audit_rule rule;

		if (!audit_text_rule(lines[i], arena, &rule))
			continue;
		if (n < n_lines)
			rules[n++] = rule;
		else
			*ret_truncated = true;
	}
	*ret_n = n;
	return rules;
}

/* The number of the line "NAME N". */
static bool find_number(char *const *lines, const char *name, int64_t *ret_number)
{
	for (guint i = 0; lines[i] != NULL; i++) {
		const char *rest = lines[i] + strlen(name);
		guint64 number = 0;

		if (!g_str_has_prefix(lines[i], name) || *rest != ' ' ||
		    !g_ascii_string_to_unsigned(rest + 1, 10, 0, INT32_MAX, &number, NULL))
			continue;
		*ret_number = (int64_t)number;
		return true;
	}
	return false;
}

void audit_text_status(const char *text, struct host_audit *audit)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	audit->has_enabled = find_number(lines, "enabled", &audit->enabled);
	(void)find_number(lines, "pid", &audit->daemon_pid);
}
