/*
 * Whether a browser let the page read the reply: by the Fetch standard it does so when the reply
 * allows the page's origin, and asks before requests that a form could not make. Only what a
 * browser sent is judged; servers may send an Origin too.
 */
#include "explain/rules_request.h"
#include "base/text.h"

#include <strings.h>

static const struct pk_str nothing;

static struct pk_str header(const struct flow_part *part, const char *name)
{
	return flow_header(&part->event->request, name);
}

static bool is_same(struct pk_str a, const char *b)
{
	return a.len == pk_str(b).len && strncasecmp(a.ptr, b, a.len) == 0;
}

static struct pk_str host_of(struct pk_str origin)
{
	(void)pk_str_cut(&origin, '/');
	(void)pk_str_cut(&origin, '/');
	return origin;
}

/* A page's script made it, and it went to another origin. */
static bool is_cross_origin(const struct flow_part *part)
{
	const struct pk_str origin = header(part, "Origin");

	return origin.len && part->host.len && !pk_str_equal(host_of(origin), part->host) &&
	       !is_same(header(part, "Sec-Fetch-Site"), "same-origin");
}

static bool is_by_script(const struct flow_part *part)
{
	return is_same(header(part, "Sec-Fetch-Mode"), "cors");
}

/* The reply lets the page of that origin read it. */
static bool allows(const struct flow_part *part, struct pk_str origin)
{
	const struct pk_str allowed =
		flow_header(&part->event->reply, "Access-Control-Allow-Origin");

	return is_same(allowed, "*") || (allowed.len && pk_str_equal(allowed, origin));
}

static bool is_preflight(const struct flow_part *part)
{
	return request_is(part, "OPTIONS") && header(part, "Origin").len;
}

static bool is_preflight_refused(const struct flow_part *part)
{
	const int status = part->event->reply.status;

	if (!part->event->reply.present || !part->event->reply.header_count)
		return status >= 300;
	return (status && status / 100 != 2) || !allows(part, header(part, "Origin"));
}

/* Where the tokens come from, as far as the capture shows; the preflight was about that. A reply
 * that came after it shows that it was let through in the end. */
static bool is_for_token(const struct flow *flow, const struct flow_part *part)
{
	if (!flow->token.event)
		return true;
	return pk_str_equal(part->host, flow->token.host) &&
	       pk_str_equal(part->path, flow->token.path) &&
	       (part->index > flow->token.index || !flow->token.event->reply.status);
}

static const struct flow_part *refused_preflight(const struct flow *flow)
{
	for (size_t i = 0; i < flow->capture->count; i++)
		if (is_preflight(&flow->part[i]) && is_preflight_refused(&flow->part[i]) &&
		    is_for_token(flow, &flow->part[i]))
			return &flow->part[i];
	return NULL;
}

static void show_origin(struct pk_finding *finding, const struct flow_part *part)
{
	show(finding, part, "Origin", header(part, "Origin"), nothing);
	show(finding, part, "Access-Control-Allow-Origin",
	     flow_header(&part->event->reply, "Access-Control-Allow-Origin"),
	     header(part, "Origin"));
}

enum verdict look_cors_blocked(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *part = refused_preflight(flow);

	if (part) {
		finding->confidence = PK_PROVED;
		finding->detail = PK_STR("The browser asked before the request, and was refused.");
		show_origin(finding, part);
		return PRESENT;
	}
	part = flow_asked(flow);
	if (!part || !part->event->request.header_count)
		return NOT_VISIBLE;
	if (!is_cross_origin(part) || !is_by_script(part))
		return ABSENT;
	if (part->event->reply.present && part->event->reply.header_count) {
		if (allows(part, header(part, "Origin")))
			return ABSENT;
		finding->confidence = PK_PROVED;
		finding->detail = PK_STR("The reply does not allow the page's origin to read it.");
		show_origin(finding, part);
		return PRESENT;
	}
	if (part->event->reply.status || part->event->reply.body.len)
		return NOT_VISIBLE;
	finding->confidence = PK_LIKELY;
	finding->detail = PK_STR("A page made the request to another origin, and there is no reply "
				 "to it.");
	show(finding, part, "Origin", header(part, "Origin"), nothing);
	return PRESENT;
}
