/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles YAML of the catalogue to C: compile_catalogue OUTPUT FILE... Runs while the program is
 * built, so that no start pays for reading it, and a mistake in it ends the build with
 * FILE:LINE:COLUMN. Reads with the loader that reads checks.d.
 */
#include <stdio.h>
#include <string.h>

#include "checks/catalogue_file.h"
#include "checks/catalogue_members.h"

struct output {
	GString *text;
	const struct check *checks;
};

static const void *pointer_at(const void *data, const struct member *member)
{
	const void *pointer = NULL;

	memcpy(&pointer, (const unsigned char *)data + member->offset, sizeof(pointer));
	return pointer;
}

static unsigned number_at(const void *data, const struct member *member)
{
	unsigned number = 0;

	memcpy(&number, (const unsigned char *)data + member->offset, sizeof(number));
	return number;
}

/* ---- scalars ---- */

/* A line of the text is a line of the source. A question mark is escaped for trigraphs' sake. */
static void put_text(struct output *out, const char *text)
{
	if (text == NULL) {
		g_string_append(out->text, "NULL");
		return;
	}
	g_string_append_c(out->text, '"');
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			g_string_append(out->text, text[1] != '\0' ? "\\n\"\n\t\"" : "\\n");
		else if (strchr("\"\\?", *text) != NULL)
			g_string_append_printf(out->text, "\\%c", *text);
		else if (g_ascii_isprint(*text))
			g_string_append_c(out->text, *text);
		else
			g_string_append_printf(out->text, "\\%03o", (unsigned char)*text);
	}
	g_string_append_c(out->text, '"');
}

static void put_sourced(struct output *out, const struct sourced *value)
{
	g_string_append_c(out->text, '{');
	put_text(out, value->text);
	g_string_append(out->text, ", ");
	put_text(out, value->file);
	g_string_append_printf(out->text, ", %u, %u}", value->line, value->column);
}

static void put_variant(struct output *out, const struct benchmark_entry *entry)
{
	if (entry->variant == NULL)
		g_string_append(out->text, "NULL");
	else
		g_string_append_printf(out->text, "&check_variant_%zu[%zu]",
				       (size_t)(entry->check - out->checks),
				       (size_t)(entry->variant - entry->check->variants));
}

/* ---- structs ---- */

/* i: of the struct among its like; it names the arrays that belong to it. */
static void put_member(struct output *out, const struct member *member, const void *data, size_t i)
{
	const void *value = (const unsigned char *)data + member->offset;

	switch (member->kind) {
	case MEMBER_TEXT:
		put_text(out, pointer_at(data, member));
		break;
	case MEMBER_SOURCED:
		put_sourced(out, value);
		break;
	case MEMBER_PLACE:
		g_string_append_printf(out->text, "{%u, %u}", ((const struct place *)value)->line,
				       ((const struct place *)value)->column);
		break;
	case MEMBER_NUMBER:
		g_string_append_printf(out->text, "%u", number_at(data, member));
		break;
	case MEMBER_BOOL:
		g_string_append(out->text, *(const bool *)value ? "true" : "false");
		break;
	case MEMBER_TEXTS:
		g_string_append_printf(out->text, "%s_%zu", member->name, i);
		break;
	case MEMBER_STRUCTS:
		if (number_at(data, member + 1) == 0)
			g_string_append(out->text, "NULL");
		else
			g_string_append_printf(out->text, "%s_%zu", member->structs->type, i);
		break;
	case MEMBER_CHECK:
		g_string_append_printf(
			out->text, "&checks[%zu]",
			(size_t)((const struct check *)pointer_at(data, member) - out->checks));
		break;
	case MEMBER_VARIANT:
		put_variant(out, data);
		break;
	default:
		g_assert_not_reached();
	}
}

static const void *struct_at(const struct member_table *table, const void *array, size_t i)
{
	return (const unsigned char *)array + i * table->size;
}

static void put_array(struct output *out, const struct member_table *table, const void *array,
		      size_t n, const char *name)
{
	g_string_append_printf(out->text, "static const struct %s %s[] = {\n", table->type, name);
	for (size_t i = 0; i < n; i++) {
		g_string_append(out->text, "{\n");
		for (guint k = 0; k < table->n_members; k++) {
			g_string_append_printf(out->text, "\t/* %s */ ", table->members[k].name);
			put_member(out, &table->members[k], struct_at(table, array, i), i);
			g_string_append(out->text, ",\n");
		}
		g_string_append(out->text, "},\n");
	}
	g_string_append(out->text, "};\n\n");
}

static void put_texts(struct output *out, const char *name, const char *const *texts)
{
	g_string_append_printf(out->text, "static const char *const %s[] = {\n", name);
	for (; *texts != NULL; texts++) {
		g_string_append_c(out->text, '\t');
		put_text(out, *texts);
		g_string_append(out->text, ",\n");
	}
	g_string_append(out->text, "\tNULL,\n};\n\n");
}

/* The arrays that belong to the structs of an array: they must stand before it. */
static void put_arrays_of(struct output *out, const struct member_table *table, const void *array,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const void *data = struct_at(table, array, i);

		for (guint k = 0; k < table->n_members; k++) {
			const struct member *member = &table->members[k];
			g_autofree char *name = NULL;

			if (member->kind == MEMBER_TEXTS) {
				name = g_strdup_printf("%s_%zu", member->name, i);
				put_texts(out, name, pointer_at(data, member));
			} else if (member->kind == MEMBER_STRUCTS &&
				   number_at(data, member + 1) > 0) {
				name = g_strdup_printf("%s_%zu", member->structs->type, i);
				put_array(out, member->structs, pointer_at(data, member),
					  number_at(data, member + 1), name);
			}
		}
	}
}

static char *compile(const struct catalogue *catalogue)
{
	struct output out = {.text = g_string_new(NULL)};
	g_autofree char *hash = catalogue_hash(catalogue);
	guint n_checks = 0;
	guint n_benchmarks = 0;
	const struct benchmark *benchmarks = catalogue_benchmarks(catalogue, &n_benchmarks);

	out.checks = catalogue_checks(catalogue, &n_checks);
	g_string_append(out.text, "/* Generated by checks/compile_catalogue.c. */\n"
				  "#include \"checks/catalogue_file.h\"\n\n");
	put_arrays_of(&out, &check_members, out.checks, n_checks);
	put_array(&out, &check_members, out.checks, n_checks, "checks");
	put_arrays_of(&out, &benchmark_members, benchmarks, n_benchmarks);
	put_array(&out, &benchmark_members, benchmarks, n_benchmarks, "benchmarks");
	g_string_append_printf(out.text,
			       "const struct catalogue_tables catalogue_builtin = "
			       "{checks, %u, benchmarks, %u, \"%s\"};\n",
			       n_checks, n_benchmarks, hash);
	return g_string_free(out.text, FALSE);
}

/* ---- the program ---- */

static bool read_files(char **names, GArray *sources, GError **error)
{
	for (; *names != NULL; names++) {
		struct catalogue_source source = {.file.name = *names};
		char *text = NULL;

		if (!g_file_get_contents(*names, &text, &source.file.size, error))
			return false;
		source.file.text = text;
		g_array_append_val(sources, source);
	}
	return true;
}

static void clear_source(gpointer data)
{
	struct catalogue_source *source = data;

	g_free((gpointer)(guintptr)source->file.text);
}

static bool run(const char *output, char **names, GError **error)
{
	g_autoptr(GArray) sources = g_array_new(FALSE, TRUE, sizeof(struct catalogue_source));
	PLIMSOLL_AUTO(catalogue) *catalogue = NULL;
	g_autofree char *text = NULL;

	g_array_set_clear_func(sources, clear_source);
	if (!read_files(names, sources, error))
		return false;
	catalogue = catalogue_new_from((const struct catalogue_source *)(void *)sources->data,
				       sources->len, error);
	if (catalogue == NULL)
		return false;
	text = compile(catalogue);
	return g_file_set_contents(output, text, -1, error);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;

	if (argc < 3) {
		(void)fprintf(stderr, "usage: compile_catalogue OUTPUT FILE...\n");
		return 2;
	}
	if (run(argv[1], argv + 2, &error))
		return 0;
	(void)fprintf(stderr, "%s\n", error->message);
	return 1;
}
