/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages for people: signed in by a one-time link, shown from one snapshot of the store. Nothing
 * but sign-in and /healthz is answered without a session.
 */
#include <string.h>

#include "server/http/log.h"
#include "server/http/pages.h"
#include "server/http/routes.h"
#include "server/report/page.h"
#include "server/secret.h"
#include "server/store/access.h"

static const char cookie_name[] = "__Host-plimsoll";

static int64_t now_s(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

/* --- answers --- */

void people_set_headers(struct exchange *exchange)
{
	static const char *const headers[][2] = {
		{"X-Content-Type-Options", "nosniff"},
		/* "no-referrer" would make browsers send "Origin: null" with our own forms */
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"X-Frame-Options", "DENY"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
		{"Cache-Control", "no-store"},
	};

	exchange_set_header(exchange, "Content-Security-Policy", page_policy());
	for (guint i = 0; i < G_N_ELEMENTS(headers); i++)
		exchange_set_header(exchange, headers[i][0], headers[i][1]);
}

static void answer_page(struct exchange *exchange, guint status, GString *page)
{
	people_set_headers(exchange);
	exchange_set_answer(exchange, status, "text/html; charset=utf-8",
			    g_string_free_to_bytes(page));
	exchange_finish(exchange);
}

static void answer_redirect(struct exchange *exchange, const char *path)
{
	people_set_headers(exchange);
	exchange_set_header(exchange, "Location", path);
	exchange_set_text(exchange, 303, "");
	exchange_finish(exchange);
}

static const char *status_title(guint status)
{
	switch (status) {
	case 403:
		return "Not allowed";
	case 404:
		return "Not found";
	case 405:
		return "Wrong method";
	default:
		return "That did not work";
	}
}

void people_refuse(struct exchange *exchange, guint status, const char *why)
{
	const struct page_frame frame = {.generated_at_s = now_s()};

	people_set_headers(exchange);
	exchange_set_answer(exchange, status, "text/html; charset=utf-8",
			    g_string_free_to_bytes(page_message(
				    &frame, status, status_title(status), why, exchange->id)));
}

static void refuse(struct exchange *exchange, guint status, const char *why)
{
	people_refuse(exchange, status, why);
	exchange_finish(exchange);
}

static void refuse_store(struct exchange *exchange, const GError *error)
{
	log_event("store", "id", exchange->id, "error", error->message);
	refuse(exchange, 500, "The store could not be read. The server's log says why.");
}

/* --- sessions --- */

/* The secret of a signed-in browser; NULL when there is no such session (or an error). ret_role
 * may be NULL. */
static char *find_session(struct exchange *exchange, struct worker *worker, char **ret_role,
			  GError **error)
{
	g_autofree char *secret = exchange_cookie(exchange, cookie_name);
	uint8_t sha256[SECRET_SHA256_BYTES];
	g_autofree char *role = NULL;

	if (secret == NULL)
		return NULL;
	secret_sha256(secret, sha256);
	role = access_find_session(worker->reader, sha256, now_s(), error);
	if (role == NULL)
		return NULL;
	if (ret_role != NULL)
		*ret_role = g_steal_pointer(&role);
	return g_steal_pointer(&secret);
}

/* Belongs to one session and tells nothing about its secret. */
static char *form_token_of(const char *secret)
{
	g_autofree char *text = g_strconcat("form:", secret, NULL);

	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

/* A page of another site must not send our forms. Browsers name the origin of every POST. */
static bool is_own_origin(const struct exchange *exchange)
{
	const char *origin = exchange_header(exchange, "origin");
	const char *host = exchange_header(exchange, "host");

	return origin == NULL || (host != NULL && g_str_has_prefix(origin, "https://") &&
				  strcmp(origin + strlen("https://"), host) == 0);
}

static void answer_sign_in(struct exchange *exchange, guint status, const char *token,
			   const char *problem)
{
	const struct page_frame frame = {.generated_at_s = now_s()};

	answer_page(exchange, status, page_sign_in(&frame, token, problem));
}

/* GET shows a button only: programs that look at links must not use them up. */
static void show_sign_in(struct exchange *exchange, struct worker *worker)
{
	g_autofree char *token = exchange_query(exchange, "token");

	(void)worker;
	answer_sign_in(exchange, 200, token, NULL);
}

struct sign_in {
	struct exchange *exchange;
	char *secret;
	struct session_start start;
};

static bool start_session(struct store *store, void *data, GError **error)
{
	const struct sign_in *sign_in = data;

	return access_start_session(store, &sign_in->start, error);
}

static void finish_sign_in(void *data, const GError *error)
{
	struct sign_in *sign_in = data;
	struct exchange *exchange = sign_in->exchange;
	g_autofree char *cookie =
		g_strdup_printf("%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%d",
				cookie_name, sign_in->secret, SESSION_LIFE_S);

	g_free(sign_in->secret);
	g_free(sign_in);
	if (error == NULL) {
		exchange_set_header(exchange, "Set-Cookie", cookie);
		answer_redirect(exchange, "/");
	} else if (g_error_matches(error, STORE_ERROR, STORE_ERROR_USED)) {
		answer_sign_in(exchange, 401, NULL,
			       "This link was used already, or it is too old. Make a new one with "
			       "'plimsoll signin-link'.");
	} else {
		refuse_store(exchange, error);
	}
}

static void handle_sign_in(struct exchange *exchange, struct worker *worker)
{
	g_autofree char *token = exchange_form(exchange, "token");
	struct sign_in *sign_in;

	if (!is_own_origin(exchange)) {
		refuse(exchange, 403, "This form was sent by another site.");
		return;
	}
	if (token == NULL || *token == '\0') {
		answer_sign_in(exchange, 400, NULL, "The sign-in link is missing.");
		return;
	}
	sign_in = g_new0(struct sign_in, 1);
	sign_in->exchange = exchange;
	sign_in->secret = secret_new();
	sign_in->start.now_s = now_s();
	sign_in->start.expires_at_s = sign_in->start.now_s + SESSION_LIFE_S;
	sign_in->start.address = exchange->peer.source;
	secret_sha256(g_strstrip(token), sign_in->start.link_sha256);
	secret_sha256(sign_in->secret, sign_in->start.session_sha256);
	writer_submit(worker->site->writer, start_session, sign_in, finish_sign_in);
}

struct sign_out {
	struct exchange *exchange;
	uint8_t sha256[SECRET_SHA256_BYTES];
};

static bool end_session(struct store *store, void *data, GError **error)
{
	const struct sign_out *sign_out = data;

	return access_end_session(store, sign_out->sha256, error);
}

static void finish_sign_out(void *data, const GError *error)
{
	g_autofree struct sign_out *sign_out = data;
	g_autofree char *cookie = g_strdup_printf(
		"%s=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0", cookie_name);

	if (error != NULL) {
		refuse_store(sign_out->exchange, error);
		return;
	}
	exchange_set_header(sign_out->exchange, "Set-Cookie", cookie);
	answer_redirect(sign_out->exchange, "/sign-in");
}

static void handle_sign_out(struct exchange *exchange, struct worker *worker)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *secret = find_session(exchange, worker, NULL, &error);
	g_autofree char *given = exchange_form(exchange, "form_token");
	g_autofree char *wanted = secret != NULL ? form_token_of(secret) : NULL;
	struct sign_out *sign_out;

	if (error != NULL) {
		refuse_store(exchange, error);
		return;
	}
	if (secret == NULL || !is_own_origin(exchange) || g_strcmp0(given, wanted) != 0) {
		refuse(exchange, 403, "You are not signed in, or this form is too old.");
		return;
	}
	sign_out = g_new0(struct sign_out, 1);
	sign_out->exchange = exchange;
	secret_sha256(secret, sign_out->sha256);
	writer_submit(worker->site->writer, end_session, sign_out, finish_sign_out);
}

/* --- pages --- */

static void handle_health(struct exchange *exchange, struct worker *worker)
{
	(void)worker;
	people_set_headers(exchange);
	exchange_set_text(exchange, 200, "ok\n");
	exchange_finish(exchange);
}

static const struct {
	const char *path; /* as in struct route */
	pages_maker *make;
} pages[] = {
	{"/", pages_fleet},
	{"/hosts/", pages_host},
	{"/checks/", pages_check},
};

static pages_maker *find_page(const char *path, const char **ret_rest)
{
	for (guint i = 0; i < G_N_ELEMENTS(pages); i++) {
		size_t size = strlen(pages[i].path);

		if (size == 1 ? strcmp(path, pages[i].path) != 0
			      : strncmp(path, pages[i].path, size) != 0)
			continue;
		*ret_rest = path + size;
		return pages[i].make;
	}
	return NULL;
}

/* Everything that needs a session. The page is made inside one read transaction. */
static void handle_page(struct exchange *exchange, struct worker *worker)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *role = NULL;
	g_autofree char *secret = find_session(exchange, worker, &role, &error);
	g_autofree char *form_token = secret != NULL ? form_token_of(secret) : NULL;
	struct page_frame frame = {
		.generated_at_s = now_s(), .user = role, .form_token = form_token};
	const char *rest = "";
	pages_maker *make = find_page(exchange->path, &rest);
	GString *page = NULL;

	if (error == NULL && secret == NULL) {
		answer_sign_in(exchange, 401, NULL, NULL);
		return;
	}
	if (error == NULL && make != NULL && store_begin(worker->reader, &error)) {
		page = make(&frame, exchange, worker, rest, &error);
		store_end(worker->reader);
	}
	if (error != NULL)
		refuse_store(exchange, error);
	else if (page == NULL)
		refuse(exchange, 404, "There is no such page.");
	else
		answer_page(exchange, 200, page);
}

const struct route people_routes[] = {
	{METHOD_GET, "/healthz", handle_health, true},
	{METHOD_GET, "/sign-in", show_sign_in, false},
	{METHOD_POST, "/sign-in", handle_sign_in, false},
	{METHOD_POST, "/sign-out", handle_sign_out, false},
	{METHOD_GET, "/", handle_page, false},
	{METHOD_NONE, NULL, NULL, false},
};
