/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults by tokens, without a grammar: operators turned round, conditions, branches and parts of a
 * union dropped, literals changed. What does not prepare is no mutant, so this may be rough.
 */
#include "tests/checks/sql_mutants.h"

#include <stdbool.h>
#include <string.h>

struct token {
	size_t start, end;
	int depth; /* of parentheses and of CASE ... END; a bracket has the depth outside it */
};

struct source {
	const char *sql;
	GArray *tokens;
	GPtrArray *mutants;
};

static const struct token *token_at(const struct source *source, guint i)
{
	return &g_array_index(source->tokens, struct token, i);
}

static bool is_token(const struct source *source, guint i, const char *text)
{
	const struct token *token = i < source->tokens->len ? token_at(source, i) : NULL;

	return token != NULL && token->end - token->start == strlen(text) &&
	       g_ascii_strncasecmp(source->sql + token->start, text, strlen(text)) == 0;
}

static bool is_one_of(const struct source *source, guint i, const char *const *words)
{
	for (; *words != NULL; words++)
		if (is_token(source, i, *words))
			return true;
	return false;
}

static char *token_text(const struct source *source, guint i)
{
	const struct token *token = token_at(source, i);

	return g_strndup(source->sql + token->start, token->end - token->start);
}

/* ---- tokens ---- */

static size_t token_length(const char *p)
{
	static const char *const pairs[] = {"||", "<>", "<=", ">=", "==", "!=", NULL};
	const char *end = NULL;

	if (*p == '\'') {
		for (end = p + 1; *end != '\0' && (*end != '\'' || end[1] == '\''); end++)
			end += *end == '\'';
		return (size_t)(end - p) + (*end == '\'');
	}
	if (g_ascii_isalnum(*p) || *p == '_')
		return strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789_.");
	for (const char *const *pair = pairs; *pair != NULL; pair++)
		if (strncmp(p, *pair, 2) == 0)
			return 2;
	return 1;
}

static void split(struct source *source)
{
	const char *p = source->sql;
	int depth = 0;

	while (*p != '\0') {
		struct token token;

		if (g_ascii_isspace(*p)) {
			p++;
			continue;
		}
		token.start = (size_t)(p - source->sql);
		token.end = token.start + token_length(p);
		g_array_append_val(source->tokens, token);
		guint i = source->tokens->len - 1;
		bool closes = is_token(source, i, ")") || is_token(source, i, "END");

		depth -= closes;
		g_array_index(source->tokens, struct token, i).depth = depth;
		depth += is_token(source, i, "(") || is_token(source, i, "CASE");
		p = source->sql + token.end;
	}
}

/* ---- making mutants ---- */

static void free_mutant(void *data)
{
	struct mutant *mutant = data;

	g_free(mutant->sql);
	g_free(mutant->what);
	g_free(mutant);
}

/* Replaces tokens [first, last]. */
static void replace(struct source *source, guint first, guint last, const char *text)
{
	size_t start = token_at(source, first)->start;
	size_t end = token_at(source, last)->end;
	struct mutant *mutant = g_new0(struct mutant, 1);

	mutant->sql =
		g_strdup_printf("%.*s %s %s", (int)start, source->sql, text, source->sql + end);
	mutant->what = g_strdup_printf("%zu: %.*s -> %s", start, (int)MIN(end - start, 90),
				       source->sql + start, *text != '\0' ? text : "nothing");
	g_ptr_array_add(source->mutants, mutant);
}

static void turn_operator(struct source *source, guint i)
{
	static const struct {
		const char *token, *opposite, *neighbour;
	} turns[] = {
		{"=", "<>", NULL},          {"<>", "=", NULL},
		{"<", ">=", "<="},          {">", "<=", ">="},
		{"<=", ">", "<"},           {">=", "<", ">"},
		{"OR", "AND", NULL},        {"IN", "NOT IN", NULL},
		{"NOT", "", NULL},          {"LIKE", "NOT LIKE", NULL},
		{"GLOB", "NOT GLOB", NULL}, {"EXISTS", "NOT EXISTS", NULL},
		{"min", "max", NULL},       {"max", "min", NULL},
	};

	for (size_t k = 0; k < G_N_ELEMENTS(turns); k++) {
		if (!is_token(source, i, turns[k].token))
			continue;
		replace(source, i, i, turns[k].opposite);
		if (turns[k].neighbour != NULL)
			replace(source, i, i, turns[k].neighbour);
	}
	if (is_token(source, i, "IS") && !is_token(source, i + 1, "NOT"))
		replace(source, i, i, "IS NOT");
}

/* Where any true value means the same. */
static bool is_truth(const struct source *source, guint i)
{
	static const char *const before[] = {"THEN", "ELSE", "SELECT", ",", NULL};

	return is_token(source, i, "1") && i > 0 && is_one_of(source, i - 1, before);
}

static void change_literal(struct source *source, guint i)
{
	g_autofree char *text = token_text(source, i);
	g_autofree char *other = NULL;

	if (text[0] == '\'')
		other = g_strdup_printf("'~%s", text + 1);
	else if (g_ascii_isdigit(text[0]) && !is_truth(source, i))
		other = g_strdup_printf("%" G_GINT64_FORMAT, g_ascii_strtoll(text, NULL, 10) + 1);
	if (other != NULL)
		replace(source, i, i, other);
}

/* ---- conditions ---- */

static const char *const operand_ends[] = {"AND",   "OR",    "THEN", "WHEN", "ELSE",  "END",
					   ",",     ")",     "AS",   "FROM", "WHERE", "GROUP",
					   "ORDER", "UNION", "LEFT", "JOIN", "ON",    NULL};
static const char *const operand_starts[] = {"AND", "OR",    "THEN", "WHEN",   "ELSE", ",",
					     "(",   "WHERE", "ON",   "SELECT", "CASE", NULL};

static bool is_between(const struct source *source, guint i)
{
	for (guint k = i; k-- > 0 && k + 4 > i;)
		if (is_token(source, k, "BETWEEN"))
			return true;
	return false;
}

static guint operand_end(const struct source *source, guint i)
{
	int depth = token_at(source, i)->depth;
	guint k = i + 1;

	while (k < source->tokens->len && token_at(source, k)->depth >= depth &&
	       !(token_at(source, k)->depth == depth && is_one_of(source, k, operand_ends)))
		k++;
	return k - 1;
}

static guint operand_start(const struct source *source, guint i)
{
	int depth = token_at(source, i)->depth;
	guint k = i;

	while (k > 0) {
		const struct token *before = token_at(source, k - 1);
		bool opens = before->depth < depth; /* the bracket or CASE around all this */

		if (opens || (before->depth == depth && is_one_of(source, k - 1, operand_starts) &&
			      !is_token(source, k - 1, "(") && !is_token(source, k - 1, "CASE")))
			break;
		k--;
	}
	return k;
}

static void drop_conditions(struct source *source, guint i)
{
	if ((!is_token(source, i, "AND") && !is_token(source, i, "OR")) || is_between(source, i))
		return;
	if (operand_end(source, i) > i)
		replace(source, i, operand_end(source, i), "");
	if (operand_start(source, i) < i)
		replace(source, operand_start(source, i), i, "");
	if (is_token(source, i, "AND"))
		replace(source, i, i, "OR");
}

/* ---- branches and unions ---- */

static void drop_branch(struct source *source, guint i)
{
	int depth = token_at(source, i)->depth;
	guint k = i + 1;

	if (!is_token(source, i, "WHEN") && !is_token(source, i, "ELSE"))
		return;
	while (k < source->tokens->len && token_at(source, k)->depth >= depth &&
	       !(token_at(source, k)->depth == depth &&
		 (is_token(source, k, "WHEN") || is_token(source, k, "ELSE"))))
		k++;
	replace(source, i, k - 1, "");
}

static void drop_union(struct source *source, guint i)
{
	int depth = token_at(source, i)->depth;
	guint k = i + 1;

	if (!is_token(source, i, "UNION"))
		return;
	while (k < source->tokens->len && token_at(source, k)->depth >= depth &&
	       !(token_at(source, k)->depth == depth && is_token(source, k, "UNION")))
		k++;
	replace(source, i, k - 1, "");
}

GPtrArray *sql_mutants(const char *sql)
{
	struct source source = {
		.sql = sql,
		.tokens = g_array_new(FALSE, FALSE, sizeof(struct token)),
		.mutants = g_ptr_array_new_with_free_func(free_mutant),
	};

	split(&source);
	for (guint i = 0; i < source.tokens->len; i++) {
		turn_operator(&source, i);
		change_literal(&source, i);
		drop_conditions(&source, i);
		drop_branch(&source, i);
		drop_union(&source, i);
	}
	g_array_free(source.tokens, TRUE);
	return source.mutants;
}
