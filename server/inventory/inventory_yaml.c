/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ansible's YAML inventories, what `ansible-inventory --list` prints (JSON, which is YAML), and
 * plain lists. Beside the catalogue's reader, which knows one shape of a file, this one walks any
 * tree: keys are names of groups and machines here.
 */
#include <string.h>
#include <yaml.h>

#include "proto/limits.h"
#include "server/inventory/inventory_private.h"

enum {
	MAX_DEPTH = 64,
	MAX_VISITS = 4 * LIMIT_SWEEP_TARGETS, /* an anchor can be named again and again */
};

struct yaml_reader {
	struct inventory_file *file;
	yaml_document_t *document;
	guint visits;
};

static struct inventory_place place_of(const yaml_node_t *node)
{
	return (struct inventory_place){(guint)node->start_mark.line + 1,
					(guint)node->start_mark.column + 1};
}

static bool fault(const struct yaml_reader *reader, const yaml_node_t *node, GError **error,
		  const char *text)
{
	return inventory_fault(reader->file, place_of(node), error, "%s", text);
}

/* The text of a scalar; NULL: it is none, or has a NUL in it. */
static const char *text_of(const yaml_node_t *node)
{
	const char *text =
		node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;

	return text != NULL && strlen(text) == node->data.scalar.length ? text : NULL;
}

static bool is_nothing(const yaml_node_t *node)
{
	const char *text = text_of(node);

	return text != NULL && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (text[0] == '\0' || strcmp(text, "~") == 0 || g_ascii_strcasecmp(text, "null") == 0);
}

/* --- walking --- */

/* One pair of a mapping. */
struct pair {
	const char *key;
	const yaml_node_t *key_node, *value;
};

struct walk {
	const yaml_node_pair_t *at, *end;
};

/* A mapping; what is empty is one without pairs. */
static bool begin_walk(struct yaml_reader *reader, const yaml_node_t *node, struct walk *ret_walk,
		       const char *what, GError **error)
{
	*ret_walk = (struct walk){NULL, NULL};
	if (node->type == YAML_MAPPING_NODE)
		*ret_walk =
			(struct walk){node->data.mapping.pairs.start, node->data.mapping.pairs.top};
	else if (!is_nothing(node))
		return fault(reader, node, error, what);
	return true;
}

/* ret_pair->key NULL: there are no more. */
static bool next_pair(struct yaml_reader *reader, struct walk *walk, struct pair *ret_pair,
		      GError **error)
{
	*ret_pair = (struct pair){0};
	if (walk->at == walk->end)
		return true;
	ret_pair->key_node = yaml_document_get_node(reader->document, walk->at->key);
	ret_pair->value = yaml_document_get_node(reader->document, walk->at->value);
	ret_pair->key = text_of(ret_pair->key_node);
	walk->at++;
	if (ret_pair->key == NULL)
		return fault(reader, ret_pair->key_node, error, "a key must be a text");
	if (++reader->visits > MAX_VISITS)
		return fault(reader, ret_pair->key_node, error, "there is too much in it");
	if (strcmp(ret_pair->key, "<<") == 0)
		return fault(reader, ret_pair->key_node, error,
			     "merge keys are not read: give what \"ansible-inventory --list\" "
			     "prints");
	return true;
}

/* --- variables --- */

static bool read_vars(struct yaml_reader *reader, const yaml_node_t *node, GHashTable *vars,
		      GError **error)
{
	struct walk walk;
	struct pair pair;

	if (!begin_walk(reader, node, &walk, "variables are a mapping", error))
		return false;
	for (;;) {
		if (!next_pair(reader, &walk, &pair, error))
			return false;
		if (pair.key == NULL)
			return true;
		/* "!vault" is a text that nobody here can read. */
		if (pair.value->tag != NULL && strcmp((const char *)pair.value->tag, "!vault") == 0)
			inventory_set(vars, pair.key, "$ANSIBLE_VAULT");
		else if (is_nothing(pair.value))
			inventory_set(vars, pair.key, "");
		else
			inventory_set(vars, pair.key,
				      text_of(pair.value) != NULL ? text_of(pair.value) : "{{}}");
	}
}

struct host_vars {
	struct yaml_reader *reader;
	const yaml_node_t *node; /* NULL: none */
	GError *error;
};

static void set_vars(struct inventory_host *host, void *data)
{
	struct host_vars *vars = data;

	if (vars->node != NULL && vars->error == NULL)
		(void)read_vars(vars->reader, vars->node, host->vars, &vars->error);
}

static bool add_hosts(struct yaml_reader *reader, struct inventory_group *group,
		      const yaml_node_t *name, const yaml_node_t *vars, GError **error)
{
	struct host_vars host_vars = {.reader = reader, .node = vars};
	const char *text = text_of(name);

	if (text == NULL || text[0] == '\0')
		return fault(reader, name, error, "expected the name of a machine");
	if (!inventory_add_hosts(reader->file, group, text, place_of(name), set_vars, &host_vars,
				 error))
		return false;
	if (host_vars.error == NULL)
		return true;
	g_propagate_error(error, host_vars.error);
	return false;
}

/* --- groups --- */

static bool read_group(struct yaml_reader *reader, struct inventory_group *group,
		       const yaml_node_t *node, guint depth, GError **error);

/* A list, as --list has them: names of machines, or (is_group) of groups. */
static bool read_names(struct yaml_reader *reader, struct inventory_group *group,
		       const yaml_node_t *node, bool is_group, GError **error)
{
	const yaml_node_item_t *item = node->data.sequence.items.start;

	for (; item < node->data.sequence.items.top; item++) {
		const yaml_node_t *name = yaml_document_get_node(reader->document, *item);
		struct inventory_group *child = NULL;

		if (++reader->visits > MAX_VISITS)
			return fault(reader, name, error, "there is too much in it");
		if (!is_group) {
			if (!add_hosts(reader, group, name, NULL, error))
				return false;
			continue;
		}
		if (text_of(name) == NULL || text_of(name)[0] == '\0')
			return fault(reader, name, error, "expected the name of a group");
		child = inventory_group(reader->file, text_of(name), place_of(name), error);
		if (child == NULL ||
		    !inventory_add_child(reader->file, group, child, place_of(name), error))
			return false;
	}
	return true;
}

static bool read_hosts(struct yaml_reader *reader, struct inventory_group *group,
		       const yaml_node_t *node, GError **error)
{
	struct walk walk;
	struct pair pair;

	if (node->type == YAML_SEQUENCE_NODE)
		return read_names(reader, group, node, false, error);
	if (text_of(node) != NULL && !is_nothing(node))
		return add_hosts(reader, group, node, NULL, error);
	if (!begin_walk(reader, node, &walk, "hosts are a mapping of names", error))
		return false;
	for (;;) {
		if (!next_pair(reader, &walk, &pair, error))
			return false;
		if (pair.key == NULL)
			return true;
		if (!add_hosts(reader, group, pair.key_node, pair.value, error))
			return false;
	}
}

static bool read_children(struct yaml_reader *reader, struct inventory_group *group,
			  const yaml_node_t *node, guint depth, GError **error)
{
	struct walk walk;
	struct pair pair;

	if (node->type == YAML_SEQUENCE_NODE)
		return read_names(reader, group, node, true, error);
	if (!begin_walk(reader, node, &walk, "children are a mapping of groups", error))
		return false;
	for (;;) {
		struct inventory_group *child = NULL;

		if (!next_pair(reader, &walk, &pair, error))
			return false;
		if (pair.key == NULL)
			return true;
		child = inventory_group(reader->file, pair.key, place_of(pair.key_node), error);
		if (child == NULL ||
		    !inventory_add_child(reader->file, group, child, place_of(pair.key_node),
					 error) ||
		    !read_group(reader, child, pair.value, depth + 1, error))
			return false;
	}
}

static bool read_group(struct yaml_reader *reader, struct inventory_group *group,
		       const yaml_node_t *node, guint depth, GError **error)
{
	struct walk walk;
	struct pair pair;
	bool is_read = true;

	if (depth > MAX_DEPTH)
		return fault(reader, node, error, "groups are too deep in groups");
	if (node->type == YAML_SEQUENCE_NODE)
		return read_names(reader, group, node, false, error);
	if (!begin_walk(reader, node, &walk, "a group has hosts, children and vars", error))
		return false;
	while (is_read) {
		if (!next_pair(reader, &walk, &pair, error))
			return false;
		if (pair.key == NULL)
			return true;
		if (strcmp(pair.key, "hosts") == 0)
			is_read = read_hosts(reader, group, pair.value, error);
		else if (strcmp(pair.key, "children") == 0)
			is_read = read_children(reader, group, pair.value, depth, error);
		else if (strcmp(pair.key, "vars") == 0)
			is_read = read_vars(reader, pair.value, group->vars, error);
		else
			is_read = fault(reader, pair.key_node, error,
					"a group has hosts, children and vars, nothing else");
	}
	return false;
}

/* --- the file --- */

/* {"hostvars": {"web1": {...}}} of --list. */
static bool read_meta(struct yaml_reader *reader, const yaml_node_t *node, GError **error)
{
	struct walk walk;
	struct pair pair;

	if (!begin_walk(reader, node, &walk, "_meta is a mapping", error))
		return false;
	for (;;) {
		struct walk hosts;
		struct pair host;

		if (!next_pair(reader, &walk, &pair, error))
			return false;
		if (pair.key == NULL)
			return true;
		if (strcmp(pair.key, "hostvars") != 0)
			continue;
		if (!begin_walk(reader, pair.value, &hosts, "hostvars is a mapping", error))
			return false;
		for (;;) {
			struct inventory_host *known = NULL;

			if (!next_pair(reader, &hosts, &host, error))
				return false;
			if (host.key == NULL)
				break;
			known = g_hash_table_lookup(reader->file->hosts, host.key);
			if (known != NULL && !read_vars(reader, host.value, known->vars, error))
				return false;
		}
	}
}

static bool read_groups(struct yaml_reader *reader, const yaml_node_t *root, GError **error)
{
	const yaml_node_t *meta = NULL;
	struct walk walk;
	struct pair pair;

	if (!begin_walk(reader, root, &walk, "an inventory is a mapping of groups", error))
		return false;
	for (;;) {
		struct inventory_group *group = NULL;

		if (!next_pair(reader, &walk, &pair, error))
			return false;
		if (pair.key == NULL)
			return meta == NULL || read_meta(reader, meta, error);
		if (strcmp(pair.key, "plugin") == 0)
			return fault(reader, pair.key_node, error,
				     "these are settings of an inventory plugin: give what "
				     "\"ansible-inventory --list\" prints");
		if (strcmp(pair.key, "_meta") == 0) {
			meta = pair.value;
			continue;
		}
		group = inventory_group(reader->file, pair.key, place_of(pair.key_node), error);
		if (group == NULL || !read_group(reader, group, pair.value, 0, error))
			return false;
	}
}

static bool read_document(struct yaml_reader *reader, GError **error)
{
	const yaml_node_t *root = yaml_document_get_root_node(reader->document);

	if (root == NULL)
		return true;
	if (root->type == YAML_SEQUENCE_NODE)
		return read_names(reader, NULL, root, false, error);
	return read_groups(reader, root, error);
}

static bool fail_syntax(const struct inventory_file *file, const yaml_parser_t *parser,
			GError **error)
{
	const struct inventory_place place = {(guint)parser->problem_mark.line + 1,
					      (guint)parser->problem_mark.column + 1};

	return inventory_fault(file, place, error, "%s",
			       parser->problem != NULL ? parser->problem : "this is no YAML");
}

bool inventory_read_yaml(struct inventory_file *file, const char *text, size_t size, GError **error)
{
	struct yaml_reader reader = {.file = file};
	yaml_parser_t parser;
	yaml_document_t document;
	bool is_read;

	if (yaml_parser_initialize(&parser) == 0)
		return inventory_fault(file, (struct inventory_place){0}, error, "no memory");
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	is_read = yaml_parser_load(&parser, &document) != 0;
	if (is_read) {
		reader.document = &document;
		is_read = read_document(&reader, error);
		yaml_document_delete(&document);
	} else {
		(void)fail_syntax(file, &parser, error);
	}
	yaml_parser_delete(&parser);
	return is_read;
}
