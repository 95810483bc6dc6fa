/* SPDX-License-Identifier: Apache-2.0 */
/* Step 5 of the flow, its data: reads YAML with libyaml's document API, which keeps positions. */
#include "checks/catalogue_yaml.h"

#include <string.h>
#include <yaml.h>

#include "checks/catalogue.h"
#include "proto/limits.h"

enum { LIST_MAX = LIMIT_CHECKS };

/* What is known while one document is read. */
struct reader {
	const struct yaml_file *file;
	yaml_document_t document;
	struct arena *arena;
	GArray *lines; /* const char *: where each line of the text starts */
};

bool yaml_fault(GError **error, const struct sourced *place, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, CATALOGUE_ERROR, 0, "%s:%u:%u: %s", place->file, place->line,
		    place->column, text);
	return false;
}

/* ---- positions ---- */

static GArray *find_lines(const char *text)
{
	GArray *lines = g_array_new(FALSE, FALSE, sizeof(const char *));

	for (const char *line = text; line != NULL;) {
		const char *end = strchr(line, '\n');

		g_array_append_val(lines, line);
		line = end != NULL ? end + 1 : NULL;
	}
	return lines;
}

/* The column of a block's text is the indentation of its first line that is not blank. */
static unsigned block_column(const struct reader *reader, size_t line)
{
	for (; line < reader->lines->len; line++) {
		const char *start = g_array_index(reader->lines, const char *, line);
		size_t indent = strspn(start, " ");

		if (start[indent] != '\n' && start[indent] != '\r')
			return (unsigned)indent + 1;
	}
	return 1;
}

/* Where the text of a node begins; 1-based. */
static struct sourced place_of(const struct reader *reader, const yaml_node_t *node)
{
	struct sourced place = {
		.file = reader->file->name,
		.line = (unsigned)node->start_mark.line + 1,
		.column = (unsigned)node->start_mark.column + 1,
	};

	if (node->type != YAML_SCALAR_NODE)
		return place;
	if (node->data.scalar.style == YAML_LITERAL_SCALAR_STYLE) {
		place.line++;
		place.column = block_column(reader, node->start_mark.line + 1);
	} else if (node->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
		   node->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
		place.column++;
	}
	return place;
}

/* ---- scalars ---- */

static const char *scalar_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

static bool read_scalar(struct reader *reader, const yaml_node_t *node, struct sourced *ret_value,
			GError **error)
{
	struct sourced place = place_of(reader, node);

	if (node->type != YAML_SCALAR_NODE)
		return yaml_fault(error, &place, "expected a scalar");
	if (strlen(scalar_text(node)) != node->data.scalar.length)
		return yaml_fault(error, &place, "a NUL is not allowed");
	*ret_value = place;
	ret_value->text = arena_strndup(reader->arena, scalar_text(node), node->data.scalar.length);
	return true;
}

static bool read_sql(struct reader *reader, const yaml_node_t *node, struct sourced *ret_value,
		     GError **error)
{
	if (!read_scalar(reader, node, ret_value, error))
		return false;
	if (node->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		return yaml_fault(error, ret_value,
				  "SQL in a folded block (>) loses its lines; use a | block");
	if (node->data.scalar.style != YAML_LITERAL_SCALAR_STYLE &&
	    node->start_mark.line != node->end_mark.line)
		return yaml_fault(error, ret_value, "SQL over several lines belongs in a | block");
	if (node->data.scalar.length > LIMIT_SQL_BYTES)
		return yaml_fault(error, ret_value, "SQL is longer than %u bytes", LIMIT_SQL_BYTES);
	if (ret_value->text[strspn(ret_value->text, " \t\r\n")] == '\0')
		return yaml_fault(error, ret_value, "SQL is empty");
	return true;
}

static bool read_word(struct reader *reader, const yaml_node_t *node,
		      const struct yaml_field *field, struct sourced *ret_value, GError **error)
{
	g_autoptr(GString) words = g_string_new(NULL);

	if (!read_scalar(reader, node, ret_value, error))
		return false;
	for (int i = 0; field->words[i] != NULL; i++) {
		if (strcmp(field->words[i], ret_value->text) == 0)
			return true;
		g_string_append_printf(words, "%s%s", i > 0 ? ", " : "", field->words[i]);
	}
	return yaml_fault(error, ret_value, "'%s' is not a %s (expected %s)", ret_value->text,
			  field->key, words->str);
}

static bool read_boolean(struct reader *reader, const yaml_node_t *node, bool *ret_value,
			 GError **error)
{
	struct sourced value = {.text = ""};

	if (!read_scalar(reader, node, &value, error))
		return false;
	if (strcmp(value.text, "true") != 0 && strcmp(value.text, "false") != 0)
		return yaml_fault(error, &value, "expected true or false");
	*ret_value = strcmp(value.text, "true") == 0;
	return true;
}

static bool read_number(struct reader *reader, const yaml_node_t *node, unsigned *ret_value,
			GError **error)
{
	struct sourced value = {.text = ""};
	guint64 number = 0;

	if (!read_scalar(reader, node, &value, error))
		return false;
	if (!g_ascii_string_to_unsigned(value.text, 10, 0, 1000000, &number, NULL))
		return yaml_fault(error, &value, "expected a number");
	*ret_value = (unsigned)number;
	return true;
}

/* ---- mappings and lists ---- */

static bool read_fields(struct reader *reader, const yaml_node_t *node,
			const struct yaml_mapping *mapping, void *target, GError **error);

static yaml_node_t *node_at(struct reader *reader, int index)
{
	return yaml_document_get_node(&reader->document, index);
}

static bool read_members(struct reader *reader, const yaml_node_t *node,
			 const struct yaml_mapping *element, struct yaml_list *ret_list,
			 GError **error)
{
	size_t size = element != NULL ? element->size : sizeof(struct sourced);
	const yaml_node_item_t *items = node->data.sequence.items.start;
	size_t n = 0;
	unsigned char *members = NULL;

	ret_list->place = place_of(reader, node);
	if (node->type != YAML_SEQUENCE_NODE)
		return yaml_fault(error, &ret_list->place, "expected a list");
	n = (size_t)(node->data.sequence.items.top - items);
	if (n > LIST_MAX)
		return yaml_fault(error, &ret_list->place, "a list of more than %u members",
				  (unsigned)LIST_MAX);
	members = arena_calloc(reader->arena, MAX(n, (size_t)1), size);
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *member = node_at(reader, items[i]);
		void *target = members + i * size;

		if (element != NULL ? !read_fields(reader, member, element, target, error)
				    : !read_scalar(reader, member, target, error))
			return false;
	}
	ret_list->members = members;
	ret_list->n = (guint)n;
	return true;
}

static bool read_value(struct reader *reader, const yaml_node_t *node,
		       const struct yaml_field *field, void *target, GError **error)
{
	void *value = (unsigned char *)target + field->offset;

	switch (field->kind) {
	case YAML_TEXT:
		return read_scalar(reader, node, value, error);
	case YAML_SQL:
		return read_sql(reader, node, value, error);
	case YAML_WORD:
		return read_word(reader, node, field, value, error);
	case YAML_BOOLEAN:
		return read_boolean(reader, node, value, error);
	case YAML_NUMBER:
		return read_number(reader, node, value, error);
	case YAML_TEXTS:
		return read_members(reader, node, NULL, value, error);
	case YAML_MAPPINGS:
		return read_members(reader, node, field->element, value, error);
	default:
		g_assert_not_reached();
	}
}

static bool unknown_key(const struct yaml_mapping *mapping, const struct sourced *key,
			GError **error)
{
	g_autoptr(GString) expected = g_string_new(NULL);

	for (unsigned i = 0; i < mapping->n_fields; i++)
		g_string_append_printf(expected, "%s%s", i > 0 ? ", " : "", mapping->fields[i].key);
	return yaml_fault(error, key, "unknown key '%s' (expected %s)", key->text, expected->str);
}

static const struct yaml_field *find_field(const struct yaml_mapping *mapping, const char *key)
{
	for (unsigned i = 0; i < mapping->n_fields; i++)
		if (strcmp(mapping->fields[i].key, key) == 0)
			return &mapping->fields[i];
	return NULL;
}

static bool read_pair(struct reader *reader, const yaml_node_pair_t *pair,
		      const struct yaml_mapping *mapping, void *target, guint64 *seen,
		      GError **error)
{
	struct sourced key = {.text = ""};
	const struct yaml_field *field = NULL;
	guint64 bit = 0;

	if (!read_scalar(reader, node_at(reader, pair->key), &key, error))
		return false;
	field = find_field(mapping, key.text);
	if (field == NULL)
		return unknown_key(mapping, &key, error);
	bit = G_GUINT64_CONSTANT(1) << (field - mapping->fields);
	if (*seen & bit)
		return yaml_fault(error, &key, "key '%s' is given twice", key.text);
	*seen |= bit;
	return read_value(reader, node_at(reader, pair->value), field, target, error);
}

static bool read_fields(struct reader *reader, const yaml_node_t *node,
			const struct yaml_mapping *mapping, void *target, GError **error)
{
	struct sourced place = place_of(reader, node);
	guint64 seen = 0;

	if (node->type != YAML_MAPPING_NODE)
		return yaml_fault(error, &place, "expected the keys of a %s", mapping->what);
	g_assert(mapping->n_fields <= 64);
	memcpy(target, &place, sizeof(place));
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++)
		if (!read_pair(reader, pair, mapping, target, &seen, error))
			return false;
	for (unsigned i = 0; i < mapping->n_fields; i++)
		if (mapping->fields[i].required && (seen >> i & 1) == 0)
			return yaml_fault(error, &place, "%s without the key '%s'", mapping->what,
					  mapping->fields[i].key);
	return true;
}

/* ---- documents ---- */

static bool syntax_fault(const struct yaml_file *file, const yaml_parser_t *parser, GError **error)
{
	const struct sourced place = {
		.file = file->name,
		.line = (unsigned)parser->problem_mark.line + 1,
		.column = (unsigned)parser->problem_mark.column + 1,
	};

	if (parser->error == YAML_READER_ERROR) /* knows a byte offset only */
		return yaml_fault(error,
				  &(struct sourced){.file = file->name, .line = 1, .column = 1},
				  "%s at byte %zu", parser->problem, parser->problem_offset);
	return yaml_fault(error, &place, "%s",
			  parser->problem != NULL ? parser->problem : "cannot be read as YAML");
}

/* Loads the only document; the caller deletes it. An empty file has a document without a root. */
static bool load(struct reader *reader, yaml_parser_t *parser, GError **error)
{
	const struct yaml_file *file = reader->file;
	yaml_document_t second;
	yaml_node_t *extra = NULL;
	struct sourced place = {.file = file->name, .line = 1, .column = 1};

	if (file->size > LIMIT_CATALOGUE_BYTES)
		return yaml_fault(error, &place, "file is larger than %u bytes",
				  LIMIT_CATALOGUE_BYTES);
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)file->text, file->size);
	if (!yaml_parser_load(parser, &reader->document))
		return syntax_fault(file, parser, error);
	if (yaml_document_get_root_node(&reader->document) == NULL)
		return true;
	if (!yaml_parser_load(parser, &second)) {
		yaml_document_delete(&reader->document);
		return syntax_fault(file, parser, error);
	}
	extra = yaml_document_get_root_node(&second);
	if (extra != NULL)
		place = place_of(reader, extra);
	yaml_document_delete(&second);
	if (extra == NULL)
		return true;
	yaml_document_delete(&reader->document);
	return yaml_fault(error, &place, "more than one document");
}

static bool read_root(struct reader *reader, const struct yaml_mapping *element,
		      const struct yaml_mapping *mapping, enum yaml_root *ret_root,
		      struct yaml_list *ret_list, void **ret_struct, GError **error)
{
	const yaml_node_t *root = yaml_document_get_root_node(&reader->document);
	struct sourced place;

	*ret_root = YAML_ROOT_EMPTY;
	if (root == NULL)
		return true;
	place = place_of(reader, root);
	if (root->type == YAML_SCALAR_NODE)
		return yaml_fault(error, &place, "expected a list of checks, or a benchmark");
	if (root->type == YAML_SEQUENCE_NODE) {
		*ret_root = YAML_ROOT_LIST;
		return read_members(reader, root, element, ret_list, error);
	}
	*ret_root = YAML_ROOT_MAPPING;
	*ret_struct = arena_calloc(reader->arena, 1, mapping->size);
	return read_fields(reader, root, mapping, *ret_struct, error);
}

bool yaml_read_file(const struct yaml_file *file, const struct yaml_mapping *element,
		    const struct yaml_mapping *mapping, struct arena *arena,
		    enum yaml_root *ret_root, struct yaml_list *ret_list, void **ret_struct,
		    GError **error)
{
	g_autoptr(GArray) lines = find_lines(file->text);
	struct reader reader = {.file = file, .arena = arena, .lines = lines};
	yaml_parser_t parser;
	bool ok = false;

	if (!yaml_parser_initialize(&parser))
		g_error("out of memory");
	if (load(&reader, &parser, error)) {
		ok = read_root(&reader, element, mapping, ret_root, ret_list, ret_struct, error);
		yaml_document_delete(&reader.document);
	}
	yaml_parser_delete(&parser);
	return ok;
}
