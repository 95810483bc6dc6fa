/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What images consist of, kept between collections in one file: an image id names content that
 * never changes, so its inspect and history answers need asking once.
 */
#ifndef PLIMSOLL_AGENT_ENGINE_CACHE_H
#define PLIMSOLL_AGENT_ENGINE_CACHE_H

#include "proto/arena.h"
#include "proto/plimsoll.pb-c.h"

struct engine_cache;

/*
 * Reads the file. One that is missing, foreign, of another release or schema, or damaged is an
 * empty cache.
 *
 * path   NULL: no cache; it then finds nothing and saves nothing.
 * arena  keeps the rows.
 * gives  free with engine_cache_free().
 */
struct engine_cache *engine_cache_load(const char *path, struct arena *arena);
void engine_cache_free(struct engine_cache *cache);
PLIMSOLL_AUTOPTR(engine_cache, engine_cache_free)

/* The rows of an image, or NULL. Marks it as seen. ret_history: borrowed, newest step first. */
const Plimsoll__Image *engine_cache_find(struct engine_cache *cache, const char *id,
					 Plimsoll__ImageHistory ***ret_history, size_t *ret_count);

/* Adds an image of this collection; rows are kept as borrows. Names and `used` are not kept. */
void engine_cache_put(struct engine_cache *cache, const Plimsoll__Image *image,
		      Plimsoll__ImageHistory **history, size_t n_history);

/*
 * Writes the file if it changed, mode 0600, whole or not at all. May fail without harm.
 *
 * is_complete  all images of the engine were seen: entries that were not are dropped.
 */
bool engine_cache_save(struct engine_cache *cache, bool is_complete, GError **error);

#endif
