/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML into structs by tables of fields, with every value's position kept and every error as
 * "FILE:LINE:COLUMN: what is wrong". The one door to libyaml.
 */
#ifndef PLIMSOLL_CHECKS_CATALOGUE_YAML_H
#define PLIMSOLL_CHECKS_CATALOGUE_YAML_H

#include <glib.h>
#include <stdbool.h>

#include "checks/check.h"
#include "proto/arena.h"

enum yaml_kind {
	YAML_TEXT, /* struct sourced */
	YAML_SQL,  /* struct sourced; on one line or in a | block, so that positions inside it are
		      exact */
	YAML_WORD, /* struct sourced; one of words */
	YAML_BOOLEAN, /* bool */
	YAML_NUMBER,  /* unsigned */
	YAML_TEXTS,   /* struct yaml_list of struct sourced */
	YAML_MAPPINGS /* struct yaml_list of element */
};

struct yaml_mapping;

struct yaml_field {
	const char *key;
	enum yaml_kind kind;
	size_t offset; /* in the struct that is filled */
	bool required;
	const char *const *words; /* NULL-terminated */
	const struct yaml_mapping *element;
};

/* The first member of the struct must be a `struct sourced place` without text: where it began. */
struct yaml_mapping {
	const char *what; /* "check" */
	size_t size;      /* of the struct */
	const struct yaml_field *fields;
	unsigned n_fields;
};

struct yaml_list {
	const void *members;
	guint n;
	struct sourced place;
};

struct yaml_file {
	const char *name; /* in errors */
	const char *text;
	size_t size;
};

enum yaml_root { YAML_ROOT_EMPTY, YAML_ROOT_LIST, YAML_ROOT_MAPPING };

/*
 * Reads a file that is a list of one kind of mapping, or the keys of another. All texts live in the
 * arena; positions keep a borrow of file->name.
 *
 * ret_list    written for YAML_ROOT_LIST.
 * ret_struct  written for YAML_ROOT_MAPPING; mapping->size bytes in the arena.
 * error       CATALOGUE_ERROR: syntax; unknown, repeated or missing keys; values of the wrong kind.
 */
bool yaml_read_file(const struct yaml_file *file, const struct yaml_mapping *element,
		    const struct yaml_mapping *mapping, struct arena *arena,
		    enum yaml_root *ret_root, struct yaml_list *ret_list, void **ret_struct,
		    GError **error);

/* Sets "FILE:LINE:COLUMN: text" for something that was read; returns false. */
bool yaml_fault(GError **error, const struct sourced *place, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

#endif
