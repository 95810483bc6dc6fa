/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check's expressions as prepared statements. The statement is generated around the expressions,
 * so an error's place in it is mapped back to the line and column of the YAML.
 */
#include <string.h>

#include "checks/evaluate_internal.h"

enum { SEGMENTS_MAX = 10 };

/* Generated SQL, and which parts of it are whose. */
struct text {
	GString *sql;
	struct {
		size_t start, end;
		const struct sourced *from;
	} segments[SEGMENTS_MAX];
	unsigned n;
};

static const char *const item_columns[ITEM_COLUMN_COUNT] = {
	[ITEM_SUBJECT] = "subject",   [ITEM_VERDICT] = "verdict",
	[ITEM_LABEL] = "item",        [ITEM_DISCRIMINATOR] = "discriminator",
	[ITEM_OBSERVED] = "observed", [ITEM_EXPECTED] = "expected",
	[ITEM_REASON] = "reason",     [ITEM_NOTE] = "note",
	[ITEM_SOURCE] = "source",     [ITEM_KIND] = "kind",
};

static void append_source(struct text *text, const struct sourced *from)
{
	g_assert(text->n < SEGMENTS_MAX);
	text->segments[text->n].start = text->sql->len;
	g_string_append(text->sql, from->text);
	text->segments[text->n].end = text->sql->len;
	text->segments[text->n++].from = from;
}

/* The line feed ends a comment that the expression may end with. */
static void append_expression(struct text *text, const struct sourced *from)
{
	if (from->text == NULL) {
		g_string_append(text->sql, "NULL");
		return;
	}
	g_string_append(text->sql, "(");
	append_source(text, from);
	g_string_append(text->sql, "\n)");
}

/* ---- places of errors ---- */

static struct sourced advance(const struct sourced *from, size_t offset)
{
	struct sourced place = *from;

	for (size_t i = 0; i < offset; i++) {
		place.column++;
		if (from->text[i] == '\n') {
			place.line++;
			place.column = from->column; /* of a block: its indentation */
		}
	}
	return place;
}

static bool is_name_byte(char c)
{
	return g_ascii_isalnum(c) || c == '_' || c == '.';
}

/* Finds a whole word. SIZE_MAX: not there. */
static size_t find_word(const char *text, const char *word)
{
	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word))
		if ((at == text || !is_name_byte(at[-1])) && !is_name_byte(at[strlen(word)]))
			return (size_t)(at - text);
	return SIZE_MAX;
}

/* SQLite gives no offset for "no such table: x"; nor does a refusal, "function 'x' is ...". */
static char *name_in_message(const char *message)
{
	const char *colon = strstr(message, ": ");
	const char *quote = strchr(message, '\'');

	if (quote != NULL && strchr(quote + 1, '\'') != NULL)
		return g_strndup(quote + 1, strcspn(quote + 1, "'"));
	return colon != NULL ? g_strdup(colon + 2) : NULL;
}

static struct sourced place_by_name(const struct text *text, const char *message)
{
	g_autofree char *name = name_in_message(message);

	for (unsigned i = 0; name != NULL && name[0] != '\0' && i < text->n; i++) {
		const struct sourced *from = text->segments[i].from;
		size_t at = from == NULL ? SIZE_MAX : find_word(from->text, name);

		if (at != SIZE_MAX)
			return advance(from, at);
	}
	g_assert(text->n > 0 && text->segments[0].from != NULL);
	return *text->segments[0].from;
}

static struct sourced find_place(const struct text *text, int offset, const char *message)
{
	for (unsigned i = 0; offset >= 0 && i < text->n; i++)
		if ((size_t)offset >= text->segments[i].start &&
		    (size_t)offset <= text->segments[i].end)
			return advance(text->segments[i].from,
				       (size_t)offset - text->segments[i].start);
	return place_by_name(text, message);
}

static void set_error(const struct query *query, const struct sourced *place, const char *message,
		      GError **error)
{
	g_set_error(error, EVALUATE_ERROR, 0, "%s:%u:%u: check %s%s%s%s: %s", place->file,
		    place->line, place->column, query->check->name,
		    query->variant != NULL ? " (variant " : "",
		    query->variant != NULL ? query->variant->name : "",
		    query->variant != NULL ? ")" : "", message);
}

static sqlite3_stmt *prepare(struct sql_session *session, const struct query *query,
			     const struct text *text, GArray *reads, GError **error)
{
	g_autoptr(GError) local = NULL;
	int offset = -1;
	sqlite3_stmt *statement =
		sql_session_prepare(session, text->sql->str, reads, &offset, &local);

	if (statement == NULL) {
		const struct sourced place = find_place(text, offset, local->message);

		set_error(query, &place, local->message, error);
	}
	return statement;
}

/* An expression like "1), (2" would shift the columns. */
static bool has_columns(const struct query *query, const struct text *text, sqlite3_stmt *statement,
			int n, GError **error)
{
	if (sqlite3_column_count(statement) == n)
		return true;
	set_error(query, text->segments[0].from, "each key holds one expression", error);
	return false;
}

/* ---- the statements ---- */

/* A variant's own key, else the check's. */
static const struct sourced *pick(const struct query *query, const struct sourced *of_check,
				  size_t offset_in_variant)
{
	const struct sourced *own = NULL;

	if (query->variant == NULL)
		return of_check;
	own = (const struct sourced *)(const void *)((const unsigned char *)query->variant +
						     offset_in_variant);
	return own->text != NULL ? own : of_check;
}

#define PICK(query, key) pick((query), &(query)->check->key, offsetof(struct check_variant, key))

/* A form decides by the variant's fail or items, else by the check's. */
static bool is_by_items(const struct query *query)
{
	const struct check_variant *variant = query->variant;

	if (variant != NULL && variant->items.text != NULL)
		return true;
	if (variant != NULL && variant->fail.text != NULL)
		return false;
	return query->check->items.text != NULL;
}

static bool prepare_applies(struct sql_session *session, struct query *query, GError **error)
{
	g_autoptr(GString) sql = g_string_new("SELECT ");
	struct text text = {.sql = sql};
	const struct sourced *applies = PICK(query, applies);

	if (applies->text == NULL)
		return true;
	append_expression(&text, applies);
	if (query->kind->singleton)
		g_string_append_printf(sql, " FROM \"%s\" AS s", query->table->name);
	query->applies = prepare(session, query, &text, query->applies_reads.columns, error);
	return query->applies != NULL && has_columns(query, &text, query->applies, 1, error);
}

static void append_decision(struct query *query, struct text *text)
{
	const struct sourced *columns[] = {
		PICK(query, fail),     PICK(query, observed), PICK(query, expected),
		&query->check->reason, &query->check->note,   &query->check->source,
	};

	for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
		g_string_append(text->sql, ", ");
		append_expression(text, columns[i]);
		query->has_column[SUBJECT_FAIL + i] = columns[i]->text != NULL;
	}
}

static bool prepare_subjects(struct sql_session *session, struct query *query, GError **error)
{
	g_autoptr(GString) sql = g_string_new("SELECT s.ord, ");
	struct text text = {.sql = sql};
	const struct sourced *where = &query->check->where;
	int n = SUBJECT_FAIL;

	if (where->text != NULL)
		append_expression(&text, where);
	else
		g_string_append(sql, "1");
	g_string_append(sql, " IS NULL");
	if (query->decides) {
		append_decision(query, &text);
		n = SUBJECT_COLUMN_COUNT;
	}
	g_string_append_printf(sql, " FROM \"%s\" AS s", query->table->name);
	if (where->text != NULL) {
		g_string_append(sql, " WHERE ");
		append_expression(&text, where);
		g_string_append(sql, " IS NOT FALSE");
	}
	query->subjects = prepare(session, query, &text, query->reads.columns, error);
	return query->subjects != NULL &&
	       (text.n == 0 || has_columns(query, &text, query->subjects, n, error));
}

static bool map_columns(struct query *query, const struct sourced *items, GError **error)
{
	for (int i = 0; i < ITEM_COLUMN_COUNT; i++)
		query->columns[i] = -1;
	for (int k = 0; k < sqlite3_column_count(query->items); k++) {
		const char *name = sqlite3_column_name(query->items, k);
		int i = 0;

		while (i < ITEM_COLUMN_COUNT && g_strcmp0(item_columns[i], name) != 0)
			i++;
		if (i == ITEM_COLUMN_COUNT || query->columns[i] >= 0) {
			g_autofree char *message = g_strdup_printf(
				"column '%s' is %s (expected subject, verdict, item, "
				"discriminator, observed, expected, reason, note, source, kind)",
				name, i == ITEM_COLUMN_COUNT ? "unknown" : "given twice");

			set_error(query, items, message, error);
			return false;
		}
		query->columns[i] = k;
	}
	if (query->columns[ITEM_VERDICT] >= 0 &&
	    (query->columns[ITEM_SUBJECT] >= 0 || query->kind->singleton))
		return true;
	set_error(query, items, "an items query has the columns subject and verdict", error);
	return false;
}

static bool prepare_items(struct sql_session *session, struct query *query, GError **error)
{
	g_autoptr(GString) sql = g_string_new(NULL);
	struct text text = {.sql = sql};
	const struct sourced *items = PICK(query, items);

	append_source(&text, items);
	query->items = prepare(session, query, &text, query->reads.columns, error);
	return query->items != NULL && map_columns(query, items, error);
}

static bool reads_table(const struct reads *reads, const char *name)
{
	for (guint i = 0; i < reads->columns->len; i++)
		if (strcmp(g_array_index(reads->columns, struct sql_read, i).table->name, name) ==
		    0)
			return true;
	return false;
}

struct query *query_new(struct sql_session *session, const struct check *check,
			const struct check_variant *variant, GError **error)
{
	struct query *query = g_new0(struct query, 1);
	bool by_items = false;
	bool ok = false;

	query->check = check;
	query->variant = variant;
	query->kind = subject_find(check->subject);
	query->table = facts_table_find(query->kind->table);
	reads_init(&query->applies_reads);
	reads_init(&query->reads);
	by_items = is_by_items(query);
	query->decides = !by_items && PICK(query, fail)->text != NULL;
	ok = prepare_applies(session, query, error) && prepare_subjects(session, query, error) &&
	     (!by_items || prepare_items(session, query, error));
	if (!ok) {
		query_free(query);
		return NULL;
	}
	reads_complete(&query->applies_reads);
	reads_complete(&query->reads);
	query->reads_history = reads_table(&query->reads, "image_history") ||
			       reads_table(&query->reads, "build_verdict");
	return query;
}

void query_free(struct query *query)
{
	if (query == NULL)
		return;
	(void)sqlite3_finalize(query->applies);
	(void)sqlite3_finalize(query->subjects);
	(void)sqlite3_finalize(query->items);
	reads_done(&query->applies_reads);
	reads_done(&query->reads);
	g_free(query);
}
