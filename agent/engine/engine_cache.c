/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file is a line with release and schema, a SHA-256, and packed Facts that hold nothing but
 * images: the wire's own bounded reader reads it back. The release stands in the line because a
 * newer one may mask or parse differently.
 */
#include "agent/engine/engine_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/limits.h"
#include "proto/schema.h"
#include "proto/wire.h"

struct entry {
	const Plimsoll__Image *image;
	Plimsoll__ImageHistory **history; /* borrowed pointers, n_history of them */
	size_t n_history;
	bool is_seen;
};

struct engine_cache {
	char *path;
	struct arena *arena;
	GHashTable *entries; /* image id -> struct entry, owned */
	bool has_changed;
};

static char *first_line(void)
{
	return g_strdup_printf("plimsoll-image-cache " PLIMSOLL_VERSION " %u\n", SCHEMA_CURRENT);
}

/* ---------------------------------------------------------------- reading */

static bool is_ours(int fd, size_t *ret_size)
{
	struct stat found = {0};

	if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode) || found.st_uid != geteuid() ||
	    (found.st_mode & (S_IWGRP | S_IWOTH)) != 0 || found.st_size < 0 ||
	    found.st_size > (off_t)LIMIT_IMAGE_CACHE_BYTES)
		return false;
	*ret_size = (size_t)found.st_size;
	return true;
}

/* gives: the bytes, free with g_free(); NULL when there is no usable file. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
	PLIMSOLL_AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	g_autofree uint8_t *data = NULL;
	size_t size = 0, done = 0;

	if (fd < 0 || !is_ours(fd, &size))
		return NULL;
	data = g_malloc(size + 1);
	while (done < size) {
		ssize_t count = read(fd, data + done, size - done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return NULL;
		done += (size_t)count;
	}
	*ret_size = size;
	return g_steal_pointer(&data);
}

static Plimsoll__Facts *unpack_file(const char *path, struct arena *arena)
{
	size_t size = 0;
	g_autofree uint8_t *data = read_file(path, &size);
	g_autofree char *line = first_line();
	size_t head = strlen(line);
	uint8_t digest[WIRE_SHA256_BYTES] = {0};

	if (data == NULL || size < head + sizeof(digest) || memcmp(data, line, head) != 0)
		return NULL;
	wire_sha256(data + head + sizeof(digest), size - head - sizeof(digest), digest);
	if (memcmp(data + head, digest, sizeof(digest)) != 0)
		return NULL;
	head += sizeof(digest);
	return wire_unpack_facts(data + head, size - head, arena, NULL);
}

static void add_entry(struct engine_cache *cache, const Plimsoll__Image *image,
		      Plimsoll__ImageHistory **history, size_t n_history, bool is_seen)
{
	struct entry *entry = g_new0(struct entry, 1);

	*entry = (struct entry){image, history, n_history, is_seen};
	g_hash_table_replace(cache->entries, image->id, entry);
}

/* Both lists are in the order of ids, so that the steps of an image stand together. */
static void index_facts(struct engine_cache *cache, const Plimsoll__Facts *facts)
{
	size_t step = 0;

	for (size_t i = 0; i < facts->n_image; i++) {
		const char *id = facts->image[i]->id;
		size_t first = step;

		while (step < facts->n_image_history &&
		       g_strcmp0(facts->image_history[step]->image_id, id) == 0)
			step++;
		if (id != NULL)
			add_entry(cache, facts->image[i], facts->image_history + first,
				  step - first, false);
	}
}

struct engine_cache *engine_cache_load(const char *path, struct arena *arena)
{
	struct engine_cache *cache = g_new0(struct engine_cache, 1);
	const Plimsoll__Facts *facts = path == NULL ? NULL : unpack_file(path, arena);

	cache->path = g_strdup(path);
	cache->arena = arena;
	cache->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	if (facts != NULL)
		index_facts(cache, facts);
	else
		cache->has_changed = true;
	return cache;
}

void engine_cache_free(struct engine_cache *cache)
{
	if (cache == NULL)
		return;
	g_hash_table_unref(cache->entries);
	g_free(cache->path);
	g_free(cache);
}

const Plimsoll__Image *engine_cache_find(struct engine_cache *cache, const char *id,
					 Plimsoll__ImageHistory ***ret_history, size_t *ret_count)
{
	struct entry *entry = g_hash_table_lookup(cache->entries, id);

	if (entry == NULL)
		return NULL;
	entry->is_seen = true;
	*ret_history = entry->history;
	*ret_count = entry->n_history;
	return entry->image;
}

/* ---------------------------------------------------------------- writing */

void engine_cache_put(struct engine_cache *cache, const Plimsoll__Image *image,
		      Plimsoll__ImageHistory **history, size_t n_history)
{
	Plimsoll__Image *kept = NULL;

	if (cache->path == NULL)
		return;
	kept = arena_calloc(cache->arena, 1, sizeof(*kept));
	*kept = *image;
	kept->repo_tag = kept->repo_digest = NULL;
	kept->n_repo_tag = kept->n_repo_digest = 0;
	kept->has_used = false;
	add_entry(cache, kept, history, n_history, true);
	cache->has_changed = true;
}

static gboolean is_unseen(gpointer key, gpointer value, gpointer data)
{
	(void)key;
	(void)data;
	return !((const struct entry *)value)->is_seen;
}

static gint compare_ids(gconstpointer a, gconstpointer b)
{
	return strcmp(a, b);
}

static size_t packed_size(const struct entry *entry)
{
	enum { FRAME_BYTES = 8 };
	size_t size = FRAME_BYTES + protobuf_c_message_get_packed_size(&entry->image->base);

	for (size_t i = 0; i < entry->n_history; i++)
		size += FRAME_BYTES + protobuf_c_message_get_packed_size(&entry->history[i]->base);
	return size;
}

/* gives: the packed facts, of as many images as fit; free with g_bytes_unref(). */
static GBytes *pack(const struct engine_cache *cache)
{
	enum { HEAD_BYTES = 128 };
	g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(cache->entries), compare_ids);
	g_autoptr(GPtrArray) images = g_ptr_array_new(), steps = g_ptr_array_new();
	Plimsoll__Facts facts = PLIMSOLL__FACTS__INIT;
	size_t size = HEAD_BYTES;

	for (const GList *at = ids; at != NULL; at = at->next) {
		const struct entry *entry = g_hash_table_lookup(cache->entries, at->data);

		size += packed_size(entry);
		if (size > LIMIT_IMAGE_CACHE_BYTES)
			break;
		g_ptr_array_add(images, (gpointer)(uintptr_t)entry->image);
		for (size_t i = 0; i < entry->n_history; i++)
			g_ptr_array_add(steps, entry->history[i]);
	}
	facts.n_image = images->len;
	facts.image = (Plimsoll__Image **)images->pdata;
	facts.n_image_history = steps->len;
	facts.image_history = (Plimsoll__ImageHistory **)steps->pdata;
	return wire_pack(&facts.base);
}

bool engine_cache_save(struct engine_cache *cache, bool is_complete, GError **error)
{
	g_autoptr(GBytes) packed = NULL;
	g_autofree char *line = first_line();
	g_autoptr(GByteArray) file = g_byte_array_new();
	uint8_t digest[WIRE_SHA256_BYTES] = {0};
	const uint8_t *data = NULL;
	gsize size = 0;

	if (cache->path == NULL)
		return true;
	if (is_complete && g_hash_table_foreach_remove(cache->entries, is_unseen, NULL) > 0)
		cache->has_changed = true;
	if (!cache->has_changed)
		return true;
	packed = pack(cache);
	data = g_bytes_get_data(packed, &size);
	wire_sha256(data, size, digest);
	g_byte_array_append(file, (const guint8 *)line, (guint)strlen(line));
	g_byte_array_append(file, digest, sizeof(digest));
	if (size > 0)
		g_byte_array_append(file, data, (guint)size);
	return g_file_set_contents_full(cache->path, (const char *)file->data, file->len,
					G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}
