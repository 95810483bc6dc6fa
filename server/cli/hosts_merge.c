/* SPDX-License-Identifier: Apache-2.0 */
/* See hosts_merge.h. Nothing is merged by itself: a host could claim to be any other. */
#include "server/cli/hosts_merge.h"

#include "server/cli/cli.h"
#include "server/cli/site.h"
#include "server/format/text.h"
#include "server/store/identity.h"

/* --- merging --- */

struct merging {
	struct merge_order order;
	char *into; /* whose id stays */
};

static bool merge(struct store *store, void *data, GError **error)
{
	struct merging *merging = data;

	return identity_merge(store, &merging->order, &merging->into, error);
}

int hosts_merge(struct store *store, const char *from, const char *into)
{
	g_autofree char *actor = site_actor();
	struct merging merging = {.order = {from, into, actor, site_now_s()}};
	g_autoptr(GError) error = NULL;
	bool done = store_transact(store, merge, &merging, &error);
	bool turned = g_strcmp0(merging.into, from) == 0;

	if (done)
		cli_say("hosts", "merged %s into %s%s", turned ? into : from, merging.into,
			turned ? ", whose id stays" : "");
	g_free(merging.into);
	return done ? CLI_DONE : site_fail("hosts", error);
}

struct splitting {
	const char *host_id;
	const char *actor;
};

static bool split(struct store *store, void *data, GError **error)
{
	const struct splitting *splitting = data;

	return identity_split(store, splitting->host_id, splitting->actor, site_now_s(), error);
}

int hosts_split(struct store *store, const char *host_id)
{
	g_autofree char *actor = site_actor();
	struct splitting splitting = {host_id, actor};
	g_autoptr(GError) error = NULL;

	if (!store_transact(store, split, &splitting, &error))
		return site_fail("hosts", error);
	cli_say("hosts", "%s stands for itself again", host_id);
	return CLI_DONE;
}

/* --- what is told --- */

static char *clean_name(const char *name)
{
	return text_clean(name != NULL ? name : "(no report yet)");
}

void hosts_append_lookalikes(GString *text, const GPtrArray *list)
{
	for (guint i = 0; i < list->len; i++) {
		const struct fleet_host *host = g_ptr_array_index(list, i);
		const struct fleet_host *other = host->looks_like;
		g_autofree char *name = clean_name(host->name);
		g_autofree char *others = clean_name(other != NULL ? other->name : NULL);

		if (other != NULL)
			g_string_append_printf(text,
					       "\n%s (%s) and %s (%s) look like one machine. If "
					       "they are:\n  plimsoll hosts merge %s %s\n",
					       name, host_way_text(host->source, host->transport),
					       others,
					       host_way_text(other->source, other->transport),
					       host->id, other->id);
	}
}

static void append_line(GString *text, const char *term, const char *value)
{
	g_autofree char *clean = value != NULL ? text_clean(value) : NULL;

	if (clean != NULL)
		g_string_append_printf(text, "  %-10s %s\n", term, clean);
}

static void append_keys(GString *text, const GPtrArray *keys)
{
	for (guint i = 0; i < keys->len; i++) {
		const struct known_key *key = g_ptr_array_index(keys, i);
		g_autofree char *clean = text_clean(key->fingerprint);

		g_string_append_printf(text, "host key %s\n", clean);
		append_line(text, "type:", key->type);
		append_line(text, "target:", key->target);
		append_line(text, "engine by:", key->engine_way);
		append_line(text, "because:", key->transport_reason);
	}
}

static void append_relatives(GString *text, const GPtrArray *relatives)
{
	static const char *const words[] = {
		[RELATIVE_PART] = "part of it",
		[RELATIVE_WHOLE] = "it is part of",
		[RELATIVE_TWIN] = "looks like the machine of",
	};

	for (guint i = 0; i < relatives->len; i++) {
		const struct relative *relative = g_ptr_array_index(relatives, i);
		g_autofree char *name = clean_name(relative->name);

		g_string_append_printf(text, "%s: %s  %s (%s)\n", words[relative->relation],
				       relative->id, name, host_way_text(relative->source, NULL));
	}
}

bool hosts_append_identity(GString *text, struct store *store, const char *host_id, GError **error)
{
	g_autoptr(GPtrArray) keys = identity_keys(store, host_id, error);
	g_autoptr(GPtrArray) relatives =
		keys != NULL ? identity_relatives(store, host_id, error) : NULL;

	if (relatives == NULL)
		return false;
	append_keys(text, keys);
	append_relatives(text, relatives);
	return true;
}
