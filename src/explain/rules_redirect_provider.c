/*
 * The redirect URI and the provider: the rules that the dialect knows, held against it without the
 * network, and what the provider says about registration. A provider that sent a code to it has
 * taken it, whatever the rules say.
 */
#include "explain/rules_redirect.h"
#include "base/text.h"
#include "explain/page_text.h"
#include "explain/rules_pair.h"
#include "explain/shown.h"
#include "explain/words.h"
#include "protocol/redirect_uri.h"

#include <string.h>
#include <strings.h>

static const struct pk_str nothing;

bool redirect_was_taken(const struct flow *flow)
{
	return flow_value(&flow->callback, "code").len > 0;
}

static bool is_localhost(struct pk_str text)
{
	struct pk_uri uri;

	return pk_uri_split(text, &uri) && pk_str_equal(uri.host, PK_STR("localhost"));
}

/* A sandbox takes every redirect URI on its own machine, whatever the provider's rules are; it
 * serves each provider under its name. */
static bool is_at_sandbox(const struct flow *flow)
{
	const struct pk_str path = flow->authorize.path, name = flow->dialect->name;
	struct pk_uri uri;

	if (!pk_uri_is_loopback(redirect_asked(flow)))
		return false;
	return (pk_uri_split(flow->authorize.event->request.url, &uri) &&
		pk_host_is_loopback(uri.host)) ||
	       (path.len > name.len + 1 && pk_str_starts(pk_str_from(path, 1), name) &&
		path.ptr[name.len + 1] == '/');
}

static enum pk_confidence confidence_of_rules(const struct flow *flow)
{
	return pk_list_has(&flow->dialect->unconfirmed, PK_STR("redirect_rules")) ? PK_LIKELY
										  : PK_PROVED;
}

bool redirect_localhost_refused(const struct flow *flow, struct pk_finding *finding)
{
	const bool rule = flow->dialect &&
			  pk_list_has(&flow->dialect->redirect_rules, PK_STR("no-localhost"));
	enum words words;

	if (!shown_authorize(flow) || redirect_was_taken(flow) ||
	    !is_localhost(redirect_asked(flow)) || (rule && is_at_sandbox(flow)))
		return false;
	words = words_on(flow, "redirect-uri-localhost", NULL);
	if (!rule && words == WORDS_SILENT)
		return false;
	finding->confidence = rule ? confidence_of_rules(flow) : words_confidence(words);
	show(finding, &flow->authorize, "redirect_uri", redirect_asked(flow),
	     PK_STR("127.0.0.1 or [::1] as its host"));
	(void)words_show(flow, "redirect-uri-localhost", finding);
	return true;
}

/* The first rule that the URI breaks; look_localhost() has a word of its own for one of them. */
static bool breaks_rules(const struct flow *flow, struct pk_why *why)
{
	const struct pk_str uri = redirect_asked(flow);

	return flow->dialect && uri.len && !redirect_was_taken(flow) && !is_at_sandbox(flow) &&
	       !redirect_is_encoded(flow, uri) &&
	       !pair_is_placeholder(PK_STR("redirect_uri"), uri) &&
	       pk_redirect_uris_check(flow->dialect, &uri, 1, why) == PK_ERR_REDIRECT_URI &&
	       strcmp(why->parameter, "no-localhost") != 0;
}

enum verdict look_redirect_breaks_rules(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_why why = {0};

	if (!shown_authorize(flow) || !flow->dialect || !redirect_asked(flow).len)
		return NOT_VISIBLE;
	if (!breaks_rules(flow, &why))
		return ABSENT;
	finding->confidence = confidence_of_rules(flow);
	finding->detail = flow_text(flow, "The rule %s: %s.", why.parameter, why.detail);
	show(finding, &flow->authorize, "redirect_uri", redirect_asked(flow), nothing);
	return PRESENT;
}

/* ---- Registration ---- */

/* The words for it on error pages, which say nothing to programs. */
static bool speaks_of_redirect_uri(struct pk_str page)
{
	static const char *const words[] = {"redirect_uri", "redirect uri", "redirect url",
					    "callback url", "reply url",    "redirect-uri"};

	for (size_t i = 0; i < page.len; i++)
		for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
			if (page.len - i >= strlen(words[j]) &&
			    strncasecmp(page.ptr + i, words[j], strlen(words[j])) == 0)
				return true;
	return false;
}

/* RFC 6749 4.1.2.1: where the redirect URI is wrong, nobody is sent there; the person sees a page,
 * and the client hears nothing. */
static struct pk_str refusing_page(const struct flow *flow)
{
	const struct pk_message *reply = &flow->authorize.event->reply;
	struct pk_str page;

	if (!reply->present || reply->status < 400 || flow->callback.event)
		return nothing;
	page = page_text(flow->arena, reply->body);
	return speaks_of_redirect_uri(page) ? pk_str_first(page, 300) : nothing;
}

enum verdict look_redirect_unregistered(const struct flow *flow, struct pk_finding *finding)
{
	struct pk_finding unused = {0};
	struct pk_why why = {0};
	const struct pk_str asked = redirect_asked(flow);
	enum words words;

	if (!shown_authorize(flow))
		return NOT_VISIBLE;
	if (!asked.len || redirect_was_taken(flow) || redirect_is_encoded(flow, asked) ||
	    breaks_rules(flow, &why) || redirect_localhost_refused(flow, &unused))
		return ABSENT;
	show(finding, &flow->authorize, "redirect_uri", asked, nothing);
	words = words_show(flow, "redirect-uri-unregistered", finding);
	if (words == WORDS_SILENT) {
		const struct pk_str page = refusing_page(flow);

		if (!page.len) {
			finding->evidence_count = 0;
			return ABSENT;
		}
		words = WORDS_NAME;
		show(finding, &flow->authorize, "page", page, nothing);
	}
	finding->confidence = words_confidence(words);
	return PRESENT;
}
