/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 1 of the flow: one audit rule of the kernel (struct audit_rule_data) as an answer, and as
 * the line that auditctl would print for it.
 */
#include <libaudit.h>
#include <string.h>

#include "agent/host/audit_text.h"
#include "agent/host/host_audit.h"
#include "proto/limits.h"

struct reader {
	const struct audit_rule_data *data;
	struct arena *arena;
	struct host_audit_rule *rule;
	GString *raw;
	size_t text_offset; /* into data->buf */
	int machine;
	bool only_watch_fields;
};

/* Fields whose value is a text in buf; AUDIT_PPID lies among the labels and is a number. */
static bool is_text_field(uint32_t field)
{
	return field == AUDIT_WATCH || field == AUDIT_DIR || field == AUDIT_EXE ||
	       field == AUDIT_FILTERKEY ||
	       (field >= AUDIT_SUBJ_USER && field <= AUDIT_OBJ_LEV_HIGH && field != AUDIT_PPID);
}

/* NULL: the lengths in the rule do not fit. */
static const char *take_text(struct reader *reader, uint32_t length)
{
	const struct audit_rule_data *data = reader->data;
	const char *text = NULL;

	if (length > data->buflen - reader->text_offset)
		return NULL;
	text = arena_strndup(reader->arena, data->buf + reader->text_offset, length);
	reader->text_offset += length;
	return text;
}

static const char *perms_text(struct arena *arena, uint32_t bits)
{
	return arena_printf(arena, "%s%s%s%s", (bits & AUDIT_PERM_READ) != 0 ? "r" : "",
			    (bits & AUDIT_PERM_WRITE) != 0 ? "w" : "",
			    (bits & AUDIT_PERM_EXEC) != 0 ? "x" : "",
			    (bits & AUDIT_PERM_ATTR) != 0 ? "a" : "");
}

static const char *number_text(struct arena *arena, uint32_t field, uint32_t value)
{
	bool is_id = field == AUDIT_LOGINUID || field == AUDIT_UID || field == AUDIT_GID ||
		     field == AUDIT_SESSIONID;

	if (is_id && value == UINT32_MAX)
		return "unset";
	if (field == AUDIT_EXIT)
		return arena_printf(arena, "%d", (int)value);
	return arena_printf(arena, "%u", value);
}

static void set_path(struct reader *reader, const char *path, bool is_dir)
{
	reader->rule->path = path;
	reader->rule->has_dir = true;
	reader->rule->dir = is_dir;
	g_string_append_printf(reader->raw, " -F %s=%s", is_dir ? "dir" : "path", path);
}

static void set_architecture(struct reader *reader, uint32_t value)
{
	bool is_64_bit = (value & __AUDIT_ARCH_64BIT) != 0;

	reader->machine = audit_elf_to_machine(value);
	g_string_append_printf(reader->raw, " -F arch=%s", is_64_bit ? "b64" : "b32");
}

static void add_field(struct reader *reader, uint32_t field, const char *op, const char *value)
{
	const char *known = audit_field_to_name((int)field);
	const char *name = field == AUDIT_FIELD_COMPARE ? "compare" : known;

	if (name == NULL)
		name = arena_printf(reader->arena, "field%u", field);
	audit_rule_add_field(reader->rule, reader->arena, arena_strdup(reader->arena, name), op,
			     value);
	g_string_append_printf(reader->raw, " -F %s%s%s", name, op, value);
	reader->only_watch_fields = false;
}

static bool take_field(struct reader *reader, guint i)
{
	uint32_t field = reader->data->fields[i];
	uint32_t value = reader->data->values[i];
	const char *known = audit_operator_to_symbol((int)reader->data->fieldflags[i]);
	const char *op = arena_strdup(reader->arena, known == NULL ? "=" : known);
	const char *text = NULL;

	if (is_text_field(field)) {
		text = take_text(reader, value);
		if (text == NULL)
			return false;
	}
	if (field == AUDIT_WATCH || field == AUDIT_DIR) {
		set_path(reader, text, field == AUDIT_DIR);
	} else if (field == AUDIT_FILTERKEY) {
		reader->rule->key = reader->rule->key == NULL ? text : reader->rule->key;
	} else if (field == AUDIT_PERM) {
		reader->rule->perms = perms_text(reader->arena, value);
		g_string_append_printf(reader->raw, " -F perm=%s", reader->rule->perms);
	} else if (field == AUDIT_ARCH) {
		set_architecture(reader, value);
		reader->only_watch_fields = false;
	} else {
		add_field(reader, field, op,
			  text != NULL ? text : number_text(reader->arena, field, value));
	}
	return true;
}

static const char *syscalls_text(const struct reader *reader)
{
	g_autoptr(GString) list = g_string_new(NULL);
	const uint32_t *mask = reader->data->mask;
	bool has_all = true;

	for (guint i = 0; i < AUDIT_BITMASK_SIZE - 1; i++)
		has_all = has_all && mask[i] == UINT32_MAX;
	if (has_all)
		return "all";
	for (guint i = 0; i < AUDIT_BITMASK_SIZE * 32; i++) {
		const char *name = NULL;

		if ((mask[AUDIT_WORD(i)] & AUDIT_BIT(i)) == 0)
			continue;
		name = audit_syscall_to_name((int)i, reader->machine);
		if (list->len > 0)
			g_string_append_c(list, ',');
		if (name != NULL)
			g_string_append(list, name);
		else
			g_string_append_printf(list, "%u", i);
	}
	return arena_strdup(reader->arena, list->str);
}

static const char *name_or_number(struct arena *arena, const char *name, uint32_t number)
{
	return name != NULL ? arena_strdup(arena, name) : arena_printf(arena, "%u", number);
}

/* What `auditctl -w` makes: nothing but path or dir, perm and key, for all syscalls. */
static void settle_watch(struct reader *reader)
{
	struct host_audit_rule *rule = reader->rule;

	if (reader->only_watch_fields && rule->path != NULL && rule->perms != NULL &&
	    strcmp(rule->syscalls, "all") == 0 && strcmp(rule->list, "exit") == 0 &&
	    strcmp(rule->action, "always") == 0)
		rule->syscalls = NULL;
}

bool audit_kernel_rule(const struct audit_rule_data *data, size_t size, struct arena *arena,
		       struct host_audit_rule *ret_rule)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autofree char *line = NULL;
	struct host_audit_rule rule = {0};
	uint32_t filter = 0;
	struct reader reader = {
		.data = data,
		.arena = arena,
		.rule = &rule,
		.raw = raw,
		.machine = audit_detect_machine(),
		.only_watch_fields = true,
	};

	if (size < sizeof(*data) || data->buflen > size - sizeof(*data) ||
	    data->field_count > AUDIT_MAX_FIELDS)
		return false;
	for (guint i = 0; i < data->field_count; i++) {
		if (!take_field(&reader, i))
			return false;
	}
	filter = data->flags & ~(uint32_t)AUDIT_FILTER_PREPEND;
	rule.list = name_or_number(arena, audit_flag_to_name((int)filter), filter);
	rule.action = name_or_number(arena, audit_action_to_name((int)data->action), data->action);
	rule.syscalls = syscalls_text(&reader);
	line = g_strdup_printf(
		"-a %s,%s -S %s%s%s%s", rule.action, rule.list, rule.syscalls, raw->str,
		rule.key == NULL ? "" : " -F key=", rule.key == NULL ? "" : rule.key);
	rule.raw = arena_strndup(arena, line, MIN(strlen(line), (size_t)LIMIT_AUDIT_RAW_BYTES));
	settle_watch(&reader);
	*ret_rule = rule;
	return true;
}
