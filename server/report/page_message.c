/* SPDX-License-Identifier: Apache-2.0 */
/* Pages around the report: sign-in, and what is said when something went another way. */
#include "server/report/frame.h"

static void write_token_field(struct html *html, const char *token)
{
	if (token != NULL) {
		h_lit(html, "<p>This link signs you in once.</p>\n"
			    "<input type=\"hidden\" name=\"token\" value=");
		h_attr(html, token);
		h_lit(html, ">\n");
		return;
	}
	h_lit(html, "<p class=\"field\"><label for=\"token\">One-time token</label>\n"
		    "<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\" "
		    "required></p>\n");
}

GString *page_sign_in(const struct page_frame *frame, const char *token, const char *problem)
{
	struct html html;

	frame_begin(&html, frame, "Sign in");
	if (problem != NULL) {
		h_lit(&html, "<p role=\"alert\" class=\"fail\">");
		h_own(&html, problem);
		h_lit(&html, "</p>\n");
	}
	h_lit(&html, "<form method=\"post\" action=\"/sign-in\">\n");
	frame_form_token(&html, frame);
	write_token_field(&html, token);
	h_lit(&html, "<p><button>Sign in</button></p>\n</form>\n");
	return frame_end(&html, frame, false);
}

GString *page_message(const struct page_frame *frame, guint status, const char *title,
		      const char *text, const char *request_id)
{
	struct html html;

	frame_begin(&html, frame, title);
	h_lit(&html, "<p>");
	h_own(&html, text);
	h_lit(&html, "</p>\n<p class=\"quiet\">Status ");
	h_num(&html, status);
	if (request_id != NULL) {
		h_lit(&html, ", request ");
		h_text(&html, request_id);
	}
	h_lit(&html, "</p>\n");
	return frame_end(&html, frame, false);
}
