/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the instruction of a history entry, as the classic builder and BuildKit write it, and
 * masks its text (mask.h). Both write what was run, with values of build arguments in the open.
 */
#include "agent/engine/engine_history.h"

#include <string.h>

#include "agent/mask.h"

struct step {
	Plimsoll__ImageHistory__Instruction instruction;
	const char *operands;
};

static const struct {
	const char *word;
	Plimsoll__ImageHistory__Instruction instruction;
} instructions[] = {
	{"RUN", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__RUN},
	{"COPY", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__COPY},
	{"ADD", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ADD},
	{"ENV", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ENV},
	{"ARG", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ARG},
	{"LABEL", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__LABEL},
	{"MAINTAINER", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__LABEL},
	{"USER", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__USER},
	{"HEALTHCHECK", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__HEALTHCHECK},
	{"CMD", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__CMD},
	{"ENTRYPOINT", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ENTRYPOINT},
	{"EXPOSE", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__EXPOSE},
	{"VOLUME", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__VOLUME},
	{"WORKDIR", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__WORKDIR},
	{"SHELL", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__SHELL},
	{"STOPSIGNAL", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__STOPSIGNAL},
	{"ONBUILD", PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ONBUILD},
};

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

/* Behind `/bin/sh -c #(nop) `, the classic builder's sign for "nothing was run"; else NULL. */
static const char *skip_nop(const char *text)
{
	const char *script = mask_skip_shell(text);

	script = skip_blanks(script == NULL ? text : script);
	return g_str_has_prefix(script, "#(nop)") ? skip_blanks(script + strlen("#(nop)")) : NULL;
}

static bool find_instruction(const char *text, struct step *ret_step)
{
	size_t length = strcspn(text, " \t");

	for (size_t i = 0; i < G_N_ELEMENTS(instructions); i++) {
		if (strlen(instructions[i].word) != length ||
		    memcmp(instructions[i].word, text, length) != 0)
			continue;
		*ret_step = (struct step){instructions[i].instruction, skip_blanks(text + length)};
		return true;
	}
	return false;
}

static struct step step_of(const char *created_by)
{
	const char *nop = skip_nop(created_by);
	struct step step = {PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__NONE, ""};

	if (created_by[0] == '\0')
		return step;
	if (nop != NULL) {
		find_instruction(nop, &step);
		return step;
	}
	/* "# debian.sh ...": a tool's remark on the root file system that it put in */
	if (created_by[0] == '#')
		return (struct step){PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__FROM_ROOT, ""};
	if (!find_instruction(created_by, &step))
		step = (struct step){PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__RUN, created_by};
	return step;
}

/* ---------------------------------------------------------------- text */

static char *run_text(const char *operands, GHashTable *known)
{
	const char *script = operands, *shell_script = NULL;
	g_autofree char *arguments = NULL, *masked = NULL;

	if (operands[0] == '|' && g_ascii_isdigit(operands[1]))
		arguments = mask_build_arguments(operands, known, &script);
	shell_script = mask_skip_shell(script);
	masked = mask_script(shell_script == NULL ? script : shell_script);
	if (arguments == NULL || arguments[0] == '\0')
		return g_steal_pointer(&masked);
	return g_strjoin(" ", arguments, masked, NULL);
}

/* Words of letters, digits and a few signs as they are; anything else becomes `_`. */
static char *plain_words(const char *operands)
{
	bool is_plain = strspn(operands, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_.:/- []") == strlen(operands);

	return g_strstrip(g_strdup(is_plain ? operands : "_"));
}

/* "22 80" of the classic builder; BuildKit wrote "map[22/tcp:{} 80/tcp:{}]", then "[22/tcp
 * 80/tcp]". */
static char *port_words(const char *operands)
{
	static const char map[] = "map[";
	bool is_map = g_str_has_prefix(operands, map);
	g_auto(GStrv) words = g_strsplit_set(is_map ? operands + strlen(map) : operands, " []", -1);
	GString *text = g_string_new(NULL);

	for (char **word = words; *word != NULL; word++) {
		if (is_map && g_str_has_suffix(*word, ":{}"))
			(*word)[strlen(*word) - strlen(":{}")] = '\0';
		if ((*word)[0] != '\0')
			g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", *word);
	}
	g_autofree char *ports = g_string_free(text, FALSE);
	return plain_words(ports);
}

static char *text_of(const struct step *step, GHashTable *variables, GHashTable *labels)
{
	switch (step->instruction) {
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__RUN:
		return run_text(step->operands, variables);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__COPY:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ADD:
		return mask_destination(step->operands);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ENV:
		return mask_assignments(step->operands, variables);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__LABEL:
		return mask_assignments(step->operands, labels);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ARG:
		return mask_argument(step->operands);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__USER:
		return plain_words(step->operands);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__EXPOSE:
		return port_words(step->operands);
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__FROM_ROOT:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__HEALTHCHECK:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__CMD:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ENTRYPOINT:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__VOLUME:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__WORKDIR:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__SHELL:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__STOPSIGNAL:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__ONBUILD:
	case PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__NONE:
	case _PLIMSOLL__IMAGE_HISTORY__INSTRUCTION_IS_INT_SIZE:
		break;
	}
	return g_strdup("");
}

/* Comments are free text (`docker commit -m`, `docker import URL`); of most only that there is one.
 */
static const char *comment_of(const char *comment)
{
	if (comment == NULL || comment[0] == '\0')
		return comment;
	if (strcmp(comment, "buildkit.dockerfile.v0") == 0 ||
	    strcmp(comment, "Imported from -") == 0)
		return comment;
	return g_str_has_prefix(comment, "Imported from ") ? "Imported from _" : "_";
}

static Plimsoll__ImageHistory *new_row(struct engine_parse *parse, const struct json *entry,
				       GHashTable *variables, GHashTable *labels)
{
	static const char buildkit[] = " # buildkit";
	Plimsoll__ImageHistory *row = engine_parse_row(parse, &plimsoll__image_history__descriptor);
	const char *created_by = json_as_string(json_get(entry, "CreatedBy"), NULL);
	g_autofree char *line = g_strstrip(g_strdup(created_by == NULL ? "" : created_by));
	g_autofree char *text = NULL;
	struct step step = {PLIMSOLL__IMAGE_HISTORY__INSTRUCTION__NONE, ""};

	if (g_str_has_suffix(line, buildkit))
		line[strlen(line) - strlen(buildkit)] = '\0';
	step = step_of(line);
	text = mask_limit(text_of(&step, variables, labels));
	TAKE_INTEGER(row, created, json_get(entry, "Created"));
	TAKE_INTEGER(row, size, json_get(entry, "Size"));
	row->comment = arena_strdup(parse->arena,
				    comment_of(json_as_string(json_get(entry, "Comment"), NULL)));
	if (created_by == NULL)
		return row;
	row->has_instruction = true;
	row->instruction = step.instruction;
	row->text = arena_strdup(parse->arena, text);
	return row;
}

/* Names that a build argument can have without ARG. */
static const char *const predefined_arguments[] = {
	"HTTP_PROXY",     "http_proxy", "HTTPS_PROXY",  "https_proxy",       "FTP_PROXY",
	"ftp_proxy",      "NO_PROXY",   "no_proxy",     "ALL_PROXY",         "all_proxy",
	"TARGETPLATFORM", "TARGETOS",   "TARGETARCH",   "TARGETVARIANT",     "BUILDPLATFORM",
	"BUILDOS",        "BUILDARCH",  "BUILDVARIANT", "SOURCE_DATE_EPOCH",
};

static void add_name(GHashTable *names, const char *name)
{
	if (name != NULL)
		g_hash_table_add(names, g_strdup(name));
}

static GHashTable *variable_names(const Plimsoll__Image *image)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (size_t i = 0; i < image->n_env_name; i++)
		add_name(names, image->env_name[i]->name);
	for (size_t i = 0; i < G_N_ELEMENTS(predefined_arguments); i++)
		add_name(names, predefined_arguments[i]);
	return names;
}

void engine_history_take(struct engine_parse *parse, const struct json *root,
			 const Plimsoll__Image *image, GPtrArray *rows)
{
	g_autoptr(GHashTable) variables = variable_names(image);
	g_autoptr(GHashTable) labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	size_t count = json_length(root);

	if (!json_is(root, JSON_KIND_ARRAY) && !json_is(root, JSON_KIND_NULL)) {
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__PARSE_ERROR,
				     "the answer is not a list");
		return;
	}
	if (count > LIMIT_IMAGE_HISTORY)
		engine_parse_trouble(parse, PLIMSOLL__FETCH__STATUS__TRUNCATED, "%u of %zu seen",
				     LIMIT_IMAGE_HISTORY, count);
	for (size_t i = 0; i < image->n_label_name; i++)
		add_name(labels, image->label_name[i]);
	for (size_t i = 0; i < MIN(count, LIMIT_IMAGE_HISTORY); i++) {
		Plimsoll__ImageHistory *row = new_row(parse, json_at(root, i), variables, labels);

		row->image_id = image->id;
		row->has_n = true;
		row->n = (int64_t)i;
		g_ptr_array_add(rows, row);
	}
}
