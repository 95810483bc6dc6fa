/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A base's layers are the lowest layers of what was built from it, and its steps the oldest steps.
 * One table by the chain of layers answers for all images.
 */
#include "checks/derive/derive_build_base.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

struct base {
	const Plimsoll__Image *image;
	const char *tag;
	size_t n_steps;
};

struct build_bases {
	GHashTable *
		by_chain; /* gint64 of the chain of layers -> struct base, that with fewest steps */
};

struct build_bases *build_bases_new(void)
{
	struct build_bases *bases = g_new0(struct build_bases, 1);

	bases->by_chain = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return bases;
}

void build_bases_free(struct build_bases *bases)
{
	if (bases == NULL)
		return;
	g_hash_table_unref(bases->by_chain);
	g_free(bases);
}

/* FNV-1a over the layers one after the other; who is found by it is compared again. */
static gint64 chain_add(gint64 chain, const char *layer)
{
	guint64 hash = (guint64)chain;

	for (; *layer != '\0'; layer++)
		hash = (hash ^ (guchar)*layer) * G_GUINT64_CONSTANT(0x100000001b3);
	return (gint64)hash;
}

static const char *smallest_tag(const Plimsoll__Image *image)
{
	const char *found = NULL;

	for (size_t i = 0; i < image->n_repo_tag; i++)
		if (found == NULL || strcmp(image->repo_tag[i], found) < 0)
			found = image->repo_tag[i];
	return found;
}

static bool is_before(const struct base *known, const char *tag, size_t n_steps)
{
	return known->n_steps < n_steps ||
	       (known->n_steps == n_steps && strcmp(known->tag, tag) <= 0);
}

void build_bases_add(struct build_bases *bases, const Plimsoll__Image *image, size_t n_steps)
{
	const char *tag = smallest_tag(image);
	const struct base *known = NULL;
	struct base *base = NULL;
	gint64 *key = NULL;
	gint64 chain = 0;

	if (tag == NULL || image->n_layer == 0)
		return;
	for (size_t i = 0; i < image->n_layer; i++)
		chain = chain_add(chain, image->layer[i]);
	known = g_hash_table_lookup(bases->by_chain, &chain);
	if (known != NULL && is_before(known, tag, n_steps))
		return;
	key = g_new(gint64, 1);
	*key = chain;
	base = g_new(struct base, 1);
	*base = (struct base){image, tag, n_steps};
	g_hash_table_replace(bases->by_chain, key, base);
}

/* Whether the first n layers of the image are all that the base has. */
static bool has_layers(const struct base *base, const Plimsoll__Image *image, size_t n)
{
	if (base->image->n_layer != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(base->image->layer[i], image->layer[i]) != 0)
			return false;
	return true;
}

const char *build_bases_find(const struct build_bases *bases, const Plimsoll__Image *image,
			     size_t n_steps, size_t age)
{
	gint64 chain = 0;

	for (size_t i = 0; i < image->n_layer; i++) {
		const struct base *base = NULL;

		chain = chain_add(chain, image->layer[i]);
		base = g_hash_table_lookup(bases->by_chain, &chain);
		if (base != NULL && base->image != image && base->n_steps < n_steps &&
		    age < base->n_steps && has_layers(base, image, i + 1))
			return base->tag;
	}
	return NULL;
}
