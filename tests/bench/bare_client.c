/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick of tests/bench/bench_audit: the GETs of a collection on as many connections, with
 * nothing done to the answers but finding the containers' ids. Prints nothing but errors.
 */
#include <curl/curl.h>
#include <glib.h>
#include <string.h>

enum { CONNECTIONS = 4 };

struct client {
	const char *socket_path;
	CURLM *multi;
	GPtrArray *waiting; /* paths, char* */
	GString *list;      /* body of the container list */
	guint failed;
};

static size_t keep(char *data, size_t size, size_t count, void *list)
{
	if (list != NULL)
		g_string_append_len(list, data, (gssize)(size * count));
	return size * count;
}

static void start(struct client *client, CURL *easy)
{
	g_autofree char *path = g_ptr_array_steal_index(client->waiting, 0);
	g_autofree char *url = g_strconcat("http://d/v1.41", path, NULL);

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA,
			 g_str_has_prefix(path, "/containers/json") ? client->list : NULL);
	curl_multi_add_handle(client->multi, easy);
}

/* Queues one inspect per container, as soon as the list is there. */
static void queue_inspects(struct client *client)
{
	for (const char *at = client->list->str; (at = strstr(at, "{\"Id\":\"")) != NULL; at += 7)
		g_ptr_array_add(client->waiting, g_strdup_printf("/containers/%.64s/json", at + 7));
	g_string_truncate(client->list, 0);
}

static gboolean is_any(const gboolean busy[CONNECTIONS])
{
	for (guint i = 0; i < CONNECTIONS; i++)
		if (busy[i])
			return TRUE;
	return FALSE;
}

static void run(struct client *client, CURL *easies[CONNECTIONS])
{
	gboolean busy[CONNECTIONS] = {FALSE};
	int running = 0;

	do {
		CURLMsg *message;
		int left;
		gboolean finished = FALSE;

		for (guint i = 0; i < CONNECTIONS && client->waiting->len > 0; i++) {
			if (!busy[i]) {
				busy[i] = TRUE;
				start(client, easies[i]);
			}
		}
		curl_multi_perform(client->multi, &running);
		while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
			CURL *easy = message->easy_handle;
			client->failed += message->data.result != CURLE_OK;
			curl_multi_remove_handle(client->multi, easy);
			for (guint i = 0; i < CONNECTIONS; i++)
				if (easies[i] == easy)
					busy[i] = FALSE;
			if (client->list->len > 0 && g_str_has_suffix(client->list->str, "]\n"))
				queue_inspects(client);
			finished = TRUE;
		}
		if (running > 0 && !finished)
			curl_multi_poll(client->multi, NULL, 0, 100, NULL);
	} while (running > 0 || client->waiting->len > 0 || is_any(busy));
}

int main(int argc, char **argv)
{
	static const char *const paths[] = {"/_ping",  "/version",     "/containers/json?all=1",
					    "/info",   "/images/json", "/networks",
					    "/volumes"};
	CURL *easies[CONNECTIONS];
	struct client client = {.socket_path = argc > 1 ? argv[1] : "/var/run/docker.sock"};

	curl_global_init(CURL_GLOBAL_NOTHING);
	client.multi = curl_multi_init();
	client.waiting = g_ptr_array_new_with_free_func(g_free);
	client.list = g_string_new(NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++)
		g_ptr_array_add(client.waiting, g_strdup(paths[i]));
	for (guint i = 0; i < CONNECTIONS; i++)
		easies[i] = curl_easy_init();
	run(&client, easies);
	for (guint i = 0; i < CONNECTIONS; i++)
		curl_easy_cleanup(easies[i]);
	curl_multi_cleanup(client.multi);
	g_ptr_array_unref(client.waiting);
	g_string_free(client.list, TRUE);
	if (client.failed > 0)
		g_printerr("%u requests failed\n", client.failed);
	return client.failed > 0;
}
