/* SPDX-License-Identifier: Apache-2.0 */
/* Facts from JSON fragments, and claims about rows of derived tables. */
#include "tests/unit/checks/derive_fixture.h"

#include <string.h>

#include "proto/facts_json.h"

/* --- facts --- */

static void append_fragment(const char *text, GByteArray *bytes)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
	PLIMSOLL_AUTO(json) *json = json_parse(quoted, strlen(quoted), NULL, &error);
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	ProtobufCMessage *message;
	g_autoptr(GBytes) packed = NULL;

	g_assert_no_error(error);
	message = facts_json_to_message(&plimsoll__facts__descriptor, json, arena, &error);
	g_assert_no_error(error);
	packed = wire_pack(message);
	g_byte_array_append(bytes, g_bytes_get_data(packed, NULL), (guint)g_bytes_get_size(packed));
}

/* Unpacking the fragments' bytes one after the other is protobuf's own merge; wire.h refuses that
 * from a peer, hence the direct call. */
Plimsoll__Facts *derive_facts(const char *const *fragments, struct arena *arena)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	Plimsoll__Facts *facts;

	for (guint i = 0; i < MAX_FRAGMENTS && fragments[i] != NULL; i++)
		append_fragment(fragments[i], bytes);
	facts = plimsoll__facts__unpack(arena_allocator(arena), bytes->len, bytes->data);
	g_assert_nonnull(facts);
	return facts;
}

static const Derived__Derived *derive_from(const Plimsoll__Facts *facts, struct arena *arena)
{
	const struct evaluate_input input = {.facts = facts, .as_of_s = 5000, .taken_at_s = 4000};

	return derive(&input, arena);
}

/* --- fields by name --- */

static const void *member(const ProtobufCMessage *message, unsigned offset)
{
	return (const char *)message + offset;
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)member(message, field->quantifier_offset) > 0;
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(void *const *)member(message, field->offset) != NULL;
	return *(const protobuf_c_boolean *)member(message, field->quantifier_offset) != 0;
}

/* gives: text of a scalar, "-" when absent; free with g_free(). */
static char *field_text(const ProtobufCMessage *message, const char *name)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
	const void *value;

	if (field == NULL)
		g_error("no column %s in %s", name, message->descriptor->name);
	if (!is_present(message, field))
		return g_strdup("-");
	value = member(message, field->offset);
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return g_strdup(*(char *const *)value);
	if (field->type == PROTOBUF_C_TYPE_BOOL)
		return g_strdup(*(const protobuf_c_boolean *)value ? "true" : "false");
	g_assert_cmpint(field->type, ==, PROTOBUF_C_TYPE_INT64);
	return g_strdup_printf("%" G_GINT64_FORMAT, *(const int64_t *)value);
}

static const ProtobufCMessage *const *table_rows(const Derived__Derived *derived, const char *name,
						 gsize *ret_n)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
		&derived__derived__descriptor, name);

	if (field == NULL)
		g_error("no derived table %s", name);
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		*ret_n = *(const size_t *)member(&derived->base, field->quantifier_offset);
		return *(const ProtobufCMessage *const *const *)member(&derived->base,
								       field->offset);
	}
	*ret_n = is_present(&derived->base, field) ? 1 : 0;
	return member(&derived->base, field->offset);
}

/* --- claims --- */

static bool row_matches(const ProtobufCMessage *row, char *const *conditions)
{
	for (guint i = 0; conditions[i] != NULL; i++) {
		const char *equals = strchr(conditions[i], '=');
		g_autofree char *name = NULL, *text = NULL;

		g_assert_nonnull(equals);
		name = g_strndup(conditions[i], (gsize)(equals - conditions[i]));
		text = field_text(row, name);
		if (strcmp(text, equals + 1) != 0)
			return false;
	}
	return true;
}

static const ProtobufCMessage *find_row(const Derived__Derived *derived, const char *selector,
					gsize *ret_count)
{
	g_auto(GStrv) words = g_strsplit(selector, " ", -1);
	gsize n = 0;
	const ProtobufCMessage *const *rows = table_rows(derived, words[0], &n);
	const ProtobufCMessage *first = NULL;

	*ret_count = 0;
	for (gsize i = 0; i < n; i++) {
		if (!row_matches(rows[i], words + 1))
			continue;
		first = first == NULL ? rows[i] : first;
		(*ret_count)++;
	}
	return first;
}

static char *what_it_says(const Derived__Derived *derived, const struct claim *claim)
{
	g_auto(GStrv) columns = g_strsplit(claim->want, " | ", -1);
	gsize count;
	const ProtobufCMessage *row = find_row(derived, claim->row, &count);
	GString *text = g_string_new("");

	if (g_str_has_prefix(claim->want, "rows: ")) {
		g_string_printf(text, "rows: %zu", count);
		return g_string_free(text, FALSE);
	}
	if (row == NULL)
		g_string_append(text, "none");
	for (guint i = 0; row != NULL && columns[i] != NULL; i++) {
		g_autofree char *name = g_strndup(columns[i], strcspn(columns[i], ":"));
		g_autofree char *value =
			strcmp(name, "none") == 0 ? g_strdup("") : field_text(row, name);

		g_string_append_printf(text, "%s%s: %s", i > 0 ? " | " : "", name, value);
	}
	return g_string_free(text, FALSE);
}

void derive_check(const struct derive_case *cases, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
		const Derived__Derived *derived =
			derive_from(derive_facts(cases[i].facts, arena), arena);

		for (guint c = 0; c < MAX_CLAIMS && cases[i].claims[c].row != NULL; c++) {
			const struct claim *claim = &cases[i].claims[c];
			g_autofree char *said = what_it_says(derived, claim);

			if (strcmp(said, claim->want) != 0)
				g_error("%s\n  row:  %s\n  want: %s\n  said: %s", cases[i].name,
					claim->row, claim->want, said);
		}
	}
}

/* --- what was not seen never helps --- */

/* Rows are rolled up per subject of a check; a subject without a row is unknown. */
static const struct roll_up {
	const char *table;
	const char *subject[3]; /* columns */
	const char *verdict;    /* column with a verdict, or a boolean that is true for a fail */
} roll_ups[] = {
	{"tls_listener", {NULL}, "verdict"},
	{"audit_coverage", {"role"}, "verdict"},
	{"mount_verdict", {"container", "list"}, "verdict"},
	{"namespace", {"container", "kind"}, "verdict"},
	{"swarm_port", {NULL}, "verdict"},
	{"publish", {"container", "service"}, "wildcard"},
	{"publish", {"container", "service"}, "privileged"},
	{"capability", {"container"}, "all"},
	{"capability", {"container"}, "sys_admin"},
	{"gate", {"name"}, "code"},
};

/* Identity and order, without which a row is not one that the agent writes; and marks that the
 * agent sets only where they are true. */
static const char *const never_cleared[] = {
	"plimsoll.DockerdOption.bad",   "plimsoll.DockerdOption.masked",
	"plimsoll.ConfigOption.masked", "plimsoll.File.role",
	"plimsoll.File.path",           "plimsoll.AuditRule.origin",
	"plimsoll.AuditRule.perms",     "plimsoll.AuditRule.syscalls",
	"plimsoll.Container.id",        "plimsoll.ContainerPort.port"};

enum rank { RANK_NONE, RANK_PASS, RANK_MANUAL, RANK_UNKNOWN, RANK_FAIL };

static enum rank rank_of(const char *text)
{
	static const struct {
		const char *text;
		enum rank rank;
	} ranks[] = {
		{"pass", RANK_PASS}, {"false", RANK_PASS},      {"ok", RANK_PASS},
		{"fail", RANK_FAIL}, {"true", RANK_FAIL},       {"not_applicable", RANK_NONE},
		{"-", RANK_UNKNOWN}, {"unknown", RANK_UNKNOWN}, {"manual", RANK_MANUAL},
	};

	for (guint i = 0; i < G_N_ELEMENTS(ranks); i++)
		if (strcmp(text, ranks[i].text) == 0)
			return ranks[i].rank;
	return g_str_has_prefix(text, "UK") ? RANK_UNKNOWN : RANK_NONE;
}

static void roll_up(const Derived__Derived *derived, GHashTable *ret_ranks)
{
	for (guint r = 0; r < G_N_ELEMENTS(roll_ups); r++) {
		gsize n = 0;
		const ProtobufCMessage *const *rows = table_rows(derived, roll_ups[r].table, &n);

		for (gsize i = 0; i < n; i++) {
			GString *key = g_string_new(roll_ups[r].table);
			g_autofree char *verdict = field_text(rows[i], roll_ups[r].verdict);
			enum rank rank = rank_of(verdict);

			g_string_append_printf(key, ".%s", roll_ups[r].verdict);
			for (guint c = 0; roll_ups[r].subject[c] != NULL; c++) {
				g_autofree char *text = field_text(rows[i], roll_ups[r].subject[c]);
				g_string_append_printf(key, " %s", text);
			}
			rank = MAX(rank, (enum rank)GPOINTER_TO_INT(
						 g_hash_table_lookup(ret_ranks, key->str)));
			g_hash_table_insert(ret_ranks, g_string_free(key, FALSE),
					    GINT_TO_POINTER((int)rank));
		}
	}
}

/* A setting may become unknown by what is not seen, never another value. */
static void check_settings(const Derived__Derived *before, const Derived__Derived *after,
			   const char *what)
{
	for (gsize i = 0; i < before->n_setting; i++) {
		const Derived__Setting *old = before->setting[i], *new = after->setting[i];

		if (strcmp(new->state, "ok") != 0)
			continue;
		if (strcmp(old->state, "ok") != 0 || g_strcmp0(old->value, new->value) != 0 ||
		    old->items > new->items)
			g_error("%s: setting %s was %s %s, is %s %s", what, new->name, old->state,
				old->value, new->state, new->value);
	}
}

static void check_ranks(const Derived__Derived *before, const Derived__Derived *after,
			const char *what)
{
	g_autoptr(GHashTable) old = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) new = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	void *key, *value;

	roll_up(before, old);
	roll_up(after, new);
	g_hash_table_iter_init(&iter, new);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		int was = GPOINTER_TO_INT(g_hash_table_lookup(old, key));

		if (GPOINTER_TO_INT(value) == (int)RANK_PASS && was >= (int)RANK_UNKNOWN)
			g_error("%s: %s passes, was %s", what, (const char *)key,
				was == (int)RANK_FAIL ? "fail" : "unknown");
	}
}

struct clearing {
	const Plimsoll__Facts *facts;
	const Derived__Derived *before;
	const char *name;
	guint cleared;
};

static void check_cleared(struct clearing *clearing, const char *field)
{
	PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
	g_autofree char *what = g_strdup_printf("%s, without %s", clearing->name, field);
	const Derived__Derived *after = derive_from(clearing->facts, arena);

	check_settings(clearing->before, after, what);
	check_ranks(clearing->before, after, what);
	clearing->cleared++;
}

static bool is_never_cleared(const char *field)
{
	for (guint i = 0; i < G_N_ELEMENTS(never_cleared); i++)
		if (strcmp(field, never_cleared[i]) == 0)
			return true;
	return false;
}

/* Clears one field, derives, and puts it back. */
static void clear_field(struct clearing *clearing, ProtobufCMessage *message,
			const ProtobufCFieldDescriptor *field)
{
	g_autofree char *name = g_strdup_printf("%s.%s", message->descriptor->name, field->name);
	bool is_pointer =
		field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
	char *place = (char *)message + (is_pointer ? field->offset : field->quantifier_offset);
	size_t size = is_pointer ? sizeof(void *) : sizeof(protobuf_c_boolean);
	char saved[sizeof(void *)];

	if (is_never_cleared(name))
		return;
	memcpy(saved, place, size);
	memset(place, 0, size);
	check_cleared(clearing, name);
	memcpy(place, saved, size);
}

static void clear_fields(struct clearing *clearing, ProtobufCMessage *message)
{
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		ProtobufCMessage **items;

		if (!is_present(message, field))
			continue;
		if (field->label != PROTOBUF_C_LABEL_REPEATED)
			clear_field(clearing, message, field);
		if (field->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			clear_fields(clearing,
				     *(ProtobufCMessage *const *)member(message, field->offset));
			continue;
		}
		items = *(ProtobufCMessage * *const *)member(message, field->offset);
		for (size_t n = 0; n < *(const size_t *)member(message, field->quantifier_offset);
		     n++)
			clear_fields(clearing, items[n]);
	}
}

void derive_check_clearing(const struct derive_case *cases, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		PLIMSOLL_AUTO(arena) *arena = arena_new(SIZE_MAX);
		Plimsoll__Facts *facts = derive_facts(cases[i].facts, arena);
		struct clearing clearing = {facts, derive_from(facts, arena), cases[i].name, 0};

		clear_fields(&clearing, &facts->base);
		g_assert_cmpuint(clearing.cleared, >, 0);
	}
}
