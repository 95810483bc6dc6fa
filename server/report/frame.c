/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See frame.h. Style and script are inlined: a page is one file, also from disk, and the policy
 * allows exactly these bytes by their hash.
 */
#include "server/report/frame.h"

#include "server/report/assets.h"

/* "sha256-..." of a style or script as the policy names it. */
static char *source_hash(const char *data, size_t size)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize digest_size = sizeof(digest);
	g_autofree char *base64 = NULL;

	g_checksum_update(checksum, (const guchar *)data, (gssize)size);
	g_checksum_get_digest(checksum, digest, &digest_size);
	base64 = g_base64_encode(digest, digest_size);
	return g_strconcat("sha256-", base64, NULL);
}

static char *make_policy(const char *form_action, const char *more)
{
	g_autofree char *style = source_hash(web_style_css, web_style_css_size);
	g_autofree char *script = source_hash(web_report_js, web_report_js_size);

	return g_strdup_printf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri "
			       "'none'; form-action %s; require-trusted-types-for 'script'; "
			       "trusted-types 'none'%s",
			       script, style, form_action, more);
}

const char *page_policy(void)
{
	static char *policy;

	if (g_once_init_enter(&policy))
		g_once_init_leave(&policy, make_policy("'self'", "; frame-ancestors 'none'"));
	return policy;
}

static void write_head(struct html *html, const struct page_frame *frame, const char *title)
{
	g_autofree char *policy = make_policy(frame->standalone ? "'none'" : "'self'", "");

	h_lit(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		    "<meta http-equiv=\"Content-Security-Policy\" content=");
	h_attr(html, policy);
	h_lit(html, ">\n<meta name=\"viewport\" content=\"width=device-width, "
		    "initial-scale=1\">\n<meta name=\"referrer\" content=\"same-origin\">\n"
		    "<title>");
	h_own(html, title);
	h_lit(html, " - Plimsoll</title>\n<style>");
	h_markup(html, web_style_css, web_style_css_size);
	h_lit(html, "</style>\n</head>\n");
}

static void write_navigation(struct html *html, const struct page_frame *frame)
{
	if (frame->standalone || frame->user == NULL)
		return;
	h_lit(html, "<nav aria-label=\"Main\"><a href=\"/\">Hosts</a></nav>\n"
		    "<form method=\"post\" action=\"/sign-out\">");
	frame_form_token(html, frame);
	h_lit(html, "<span class=\"quiet\">Signed in as ");
	h_text(html, frame->user);
	h_lit(html, "</span> <button>Sign out</button></form>\n");
}

void frame_begin(struct html *html, const struct page_frame *frame, const char *title)
{
	html->out = g_string_sized_new(64 << 10);
	write_head(html, frame, title);
	h_lit(html, "<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n<header>\n"
		    "<span class=\"brand\">Plimsoll</span>\n");
	write_navigation(html, frame);
	h_lit(html, "</header>\n<main id=\"main\">\n<h1>");
	h_text(html, title);
	h_lit(html, "</h1>\n");
}

GString *frame_end(struct html *html, const struct page_frame *frame, bool with_script)
{
	h_lit(html, "</main>\n<footer>Plimsoll ");
	h_own(html, PLIMSOLL_VERSION);
	h_lit(html, ", generated ");
	h_time(html, frame->generated_at_s);
	h_lit(html, "</footer>\n");
	if (with_script) {
		h_lit(html, "<script>");
		h_markup(html, web_report_js, web_report_js_size);
		h_lit(html, "</script>\n");
	}
	h_lit(html, "</body>\n</html>\n");
	return g_steal_pointer(&html->out);
}

void frame_form_token(struct html *html, const struct page_frame *frame)
{
	if (frame->form_token == NULL)
		return;
	h_lit(html, "<input type=\"hidden\" name=\"form_token\" value=");
	h_attr(html, frame->form_token);
	h_lit(html, ">");
}

void frame_verdict(struct html *html, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_PASS:
		h_lit(html, "<span class=\"state pass\">\xE2\x9C\x93 pass</span>");
		break;
	case VERDICT_FAIL:
		h_lit(html, "<span class=\"state fail\">\xE2\x9C\x97 fail</span>");
		break;
	case VERDICT_MANUAL:
		h_lit(html, "<span class=\"state manual\">\xE2\x9C\x8E manual</span>");
		break;
	case VERDICT_NOT_APPLICABLE:
		h_lit(html, "<span class=\"state not-applicable\">\xE2\x80\x93 n/a</span>");
		break;
	case VERDICT_UNKNOWN:
	case VERDICT_COUNT:
		h_lit(html, "<span class=\"state unknown\">? unknown</span>");
		break;
	}
}

void frame_count(struct html *html, guint n, const char *singular)
{
	h_num(html, n);
	h_lit(html, " ");
	h_own(html, singular);
	if (n != 1)
		h_lit(html, "s");
}
