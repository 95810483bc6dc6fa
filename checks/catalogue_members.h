/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of the catalogue's structs as tables, for who must visit every one: the compiler of
 * the built-in catalogue and its test. A member without a row here does not compile: the generated
 * initialisers are positional, and one that is missing is an error.
 */
#ifndef PLIMSOLL_CHECKS_CATALOGUE_MEMBERS_H
#define PLIMSOLL_CHECKS_CATALOGUE_MEMBERS_H

#include <glib.h>
#include <stddef.h>

enum member_kind {
	MEMBER_TEXT,    /* const char *, may be NULL */
	MEMBER_SOURCED, /* struct sourced */
	MEMBER_PLACE,   /* struct place */
	MEMBER_NUMBER,  /* unsigned, guint, or an enum */
	MEMBER_BOOL,
	MEMBER_TEXTS,   /* const char *const *, NULL-terminated */
	MEMBER_STRUCTS, /* const struct *; the next member is their number */
	MEMBER_CHECK,   /* points at a check of the catalogue */
	MEMBER_VARIANT  /* points at a variant of that check, or NULL */
};

struct member_table;

struct member {
	const char *name;
	enum member_kind kind;
	size_t offset;
	const struct member_table *structs;
};

struct member_table {
	const char *type; /* "check" of struct check */
	size_t size;
	const struct member *members; /* in the order of the struct */
	guint n_members;
};

extern const struct member_table check_members;
extern const struct member_table benchmark_members;

#endif
