/*
 * Where the token request went, and as what it arrived: at the address that the dialect gives, in
 * the region or tenant of the authorize request, as a POST (RFC 6749 3.2). A server of the app's
 * own and one on this machine stand for the provider without being at its address.
 */
#include "explain/rules_request.h"
#include "explain/flow_provider.h"
#include "explain/rules_client.h"
#include "base/arena.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

#include <string.h>

static const struct pk_str nothing;

/* ---- The method ---- */

static struct pk_str without_slash(struct pk_str path)
{
	return pk_str_first(path, path.len - pk_str_ends(path, PK_STR("/")));
}

/* The path of an absolute URL or of one that begins with its path. */
static struct pk_str path_of(struct pk_str url)
{
	struct pk_uri uri;

	url = pk_str_first(url, pk_str_find(url, '?'));
	return pk_uri_split(url, &uri) ? uri.path : url;
}

static bool is_redirect(const struct flow_part *part)
{
	const int status = part->event->reply.status;

	return status == 301 || status == 302 || status == 303;
}

static struct pk_str location(const struct flow_part *part)
{
	return flow_header(&part->event->reply, "Location");
}

/* To itself, but for scheme, host or a final slash: not to a page that asks to sign in. */
static bool leads_to_itself(const struct flow_part *part)
{
	return is_redirect(part) && location(part).len &&
	       pk_str_equal(without_slash(path_of(location(part))), without_slash(part->path));
}

/* What redirected to this request, or NULL. */
static const struct flow_part *redirect_to(const struct flow *flow, const struct flow_part *part)
{
	for (int i = part->index - 1; i >= 0; i--)
		if (is_redirect(&flow->part[i]) && part->path.len > 1 &&
		    pk_str_equal(path_of(location(&flow->part[i])), part->path))
			return &flow->part[i];
	return NULL;
}

/* Who speaks of the code or the client has read a GET too. */
static bool is_method_refused(const struct flow *flow)
{
	const struct pk_str error = flow->reply.error;

	return !flow->reply.visible || !error.len || flow->reply.status == 405 ||
	       pk_str_equal(error, PK_STR("invalid_request")) ||
	       pk_str_equal(error, PK_STR("unsupported_grant_type"));
}

enum verdict look_post_became_get(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *asked = flow->emptied ? flow->emptied : flow_asked(flow);
	const struct flow_part *before;

	if (!asked || !asked->event->request.method.len)
		return NOT_VISIBLE;
	/* What a revocation has to be, its own rule says. */
	if (asked == &flow->revoke)
		return ABSENT;
	if (request_is(asked, "GET") && flow->dialect &&
	    flow->dialect->token_request == PK_REQUEST_QUERY)
		return ABSENT;
	if (request_is(asked, "POST")) {
		if (!leads_to_itself(asked))
			return ABSENT;
		finding->confidence = PK_LIKELY;
		finding->detail = PK_STR("It was answered with a redirect; followed, the POST "
					 "becomes a GET and loses its body.");
		show(finding, asked, "Location", location(asked), asked->event->request.url);
		return PRESENT;
	}
	before = redirect_to(flow, asked);
	finding->confidence = before || is_method_refused(flow) ? PK_PROVED : PK_LIKELY;
	show(finding, asked, "method", asked->event->request.method, PK_STR("POST"));
	if (before) {
		finding->detail = flow_text(flow, "Event %d was answered with a redirect to it.",
					    before->index);
		show(finding, before, "Location", location(before), nothing);
	}
	return PRESENT;
}

/* ---- The address ---- */

static bool is_on_this_machine(const struct flow_part *part)
{
	struct pk_uri uri;

	return pk_uri_split(part->event->request.url, &uri) && pk_host_is_loopback(uri.host);
}

/* The app's own server, to which its page hands the code. */
static bool is_of_the_app(const struct flow *flow, const struct flow_part *part)
{
	return flow->callback.event && pk_str_equal(part->host, flow->callback.host) &&
	       !pk_str_equal(part->host, flow->authorize.host);
}

static struct pk_str region_of(const struct pk_dialect *dialect, struct pk_str host)
{
	for (size_t i = 0; i < dialect->regions.count; i++)
		if (pk_str_ends(host, dialect->regions.item[i]))
			return dialect->regions.item[i];
	return nothing;
}

static struct pk_str region_wanted(const struct flow *flow)
{
	struct pk_str region = region_of(flow->dialect, flow->authorize.host);

	if (!region.len)
		region = region_of(flow->dialect, flow->token.host);
	return region.len || !flow->dialect->regions.count ? region
							   : flow->dialect->regions.item[0];
}

/* What belongs in the place of a variable: as the authorize request had it. */
static struct pk_str value_wanted(const struct flow *flow, struct pk_str name)
{
	const struct pk_dialect *dialect = flow->dialect;
	struct pk_str value;

	if (pk_str_equal(name, PK_STR("{host}")))
		return flow->authorize.event ? flow->authorize.host : flow->token.host;
	if (pk_str_equal(name, PK_STR("{region}")))
		return region_wanted(flow);
	value = flow_tenant(dialect, dialect->authorize_url, &flow->authorize);
	return value.len ? value : dialect->tenant;
}

/* The dialect's URL, its variables as the requests have them. */
static struct pk_str wanted_url(const struct flow *flow)
{
	struct pk_str left = flow->dialect->token_url, url = PK_STR("");

	while (pk_str_find(left, '{') < left.len) {
		const size_t open = pk_str_find(left, '{');
		const struct pk_str rest = pk_str_from(left, open);
		const struct pk_str name = pk_str_first(rest, pk_str_find(rest, '}') + 1);

		url = flow_text(flow, "%.*s%.*s%.*s", PK_ARG(url), PK_ARG(pk_str_first(left, open)),
				PK_ARG(value_wanted(flow, name)));
		left = pk_str_from(rest, name.len);
	}
	return flow_text(flow, "%.*s%.*s", PK_ARG(url), PK_ARG(left));
}

static enum verdict wrong(const struct flow *flow, struct pk_finding *finding,
			  enum pk_confidence confidence, struct pk_str want, struct pk_str detail)
{
	const struct pk_str url = flow->token.event->request.url;

	finding->confidence = confidence;
	finding->detail = detail;
	show(finding, &flow->token, "url", pk_str_first(url, pk_str_find(url, '?')), want);
	return PRESENT;
}

/* Where both endpoints are on one host, which the login chooses, they are on the same. */
static bool are_apart(const struct flow *flow)
{
	const struct pk_dialect *dialect = flow->dialect;
	struct pk_str first = dialect->authorize_url, second = dialect->token_url;

	for (int i = 0; i < 2; i++) {
		(void)pk_str_cut(&first, '/');
		(void)pk_str_cut(&second, '/');
	}
	first = pk_str_cut(&first, '/');
	second = pk_str_cut(&second, '/');
	return pk_str_equal(first, second) && pk_str_find(first, '{') < first.len &&
	       flow->authorize.host.len && !is_on_this_machine(&flow->authorize) &&
	       !pk_str_equal(flow->authorize.host, flow->token.host) &&
	       flow_is_endpoint(dialect, dialect->authorize_url, flow->authorize.host,
				flow->authorize.path);
}

static enum verdict look_at_dialect(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_dialect *dialect = flow->dialect;

	if (!flow_has_any_host(dialect->token_url) &&
	    !flow_is_endpoint(dialect, dialect->token_url, flow->token.host, flow->token.path))
		return wrong(flow, finding, PK_PROVED, wanted_url(flow), nothing);
	if (are_apart(flow))
		return wrong(flow, finding,
			     flow_has_any_host(dialect->token_url) ? PK_LIKELY : PK_PROVED,
			     wanted_url(flow),
			     flow_text(flow, "The authorize request went to %.*s.",
				       PK_ARG(flow->authorize.host)));
	return ABSENT;
}

/* Both requests went to this dialect, and to two of its tenants. A server that has one host for all
 * of them may take a code of one at another. */
static enum verdict look_at_tenants(const struct flow *flow, struct pk_finding *finding)
{
	const struct pk_dialect *dialect = flow->dialect;
	const struct pk_str first = flow_tenant(dialect, dialect->authorize_url, &flow->authorize);
	const struct pk_str second = flow_tenant(dialect, dialect->token_url, &flow->token);

	if (!first.len || !second.len || pk_str_equal(first, second))
		return ABSENT;
	return wrong(flow, finding, flow_has_any_host(dialect->token_url) ? PK_PROVED : PK_LIKELY,
		     flow_is_at_sandbox(flow, &flow->token) ? nothing : wanted_url(flow),
		     flow_text(flow, "The authorize request went to %.*s, this one to %.*s.",
			       PK_ARG(pk_str_first(first, 60)), PK_ARG(pk_str_first(second, 60))));
}

static bool is_version(struct pk_str segment)
{
	return segment.len > 1 && segment.ptr[0] == 'v' && segment.ptr[1] >= '0' &&
	       segment.ptr[1] <= '9';
}

/* Two paths of one host that differ in one segment before the last: a tenant or a realm. */
static bool is_other_tenant(struct pk_str first, struct pk_str second, struct pk_str *ret_first,
			    struct pk_str *ret_second)
{
	size_t differing = 0;

	while (first.ptr && second.ptr) {
		const struct pk_str a = pk_str_cut(&first, '/'), b = pk_str_cut(&second, '/');

		if (!first.ptr || !second.ptr)
			return !first.ptr && !second.ptr && differing == 1;
		if (pk_str_equal(a, b))
			continue;
		if (is_version(a) || is_version(b))
			return false;
		*ret_first = a;
		*ret_second = b;
		differing++;
	}
	return false;
}

/* Without the dialect's help: by the two addresses, and by what stood at this one. */
static enum verdict look_at_addresses(const struct flow *flow, struct pk_finding *finding)
{
	const struct flow_part *first = &flow->authorize;
	const int status = flow->reply.status;
	const bool is_right =
		flow->dialect && flow_is_endpoint(flow->dialect, flow->dialect->token_url,
						  flow->token.host, flow->token.path);
	struct pk_str tenant, other;

	if (!is_right && first->event && pk_str_equal(first->host, flow->token.host)) {
		if (flow->token.path.len > 1 && pk_str_equal(first->path, flow->token.path))
			return wrong(flow, finding, PK_LIKELY, nothing,
				     PK_STR("It is the address of the authorize request."));
		if (is_other_tenant(without_slash(first->path), without_slash(flow->token.path),
				    &tenant, &other))
			return wrong(flow, finding, PK_LIKELY, nothing,
				     flow_text(flow,
					       "The authorize request went to %.*s, this one to "
					       "%.*s.",
					       PK_ARG(pk_str_first(tenant, 60)),
					       PK_ARG(pk_str_first(other, 60))));
	}
	if (status == 404 || status == 410 || (status == 405 && request_is(&flow->token, "POST")))
		return wrong(flow, finding, PK_LIKELY, nothing,
			     flow_text(flow, "What stands there answered with HTTP %d.", status));
	if (client_by_words(flow, finding, "token-endpoint-wrong") != PRESENT)
		return ABSENT;
	show(finding, &flow->token, "url", flow->token.event->request.url, nothing);
	return PRESENT;
}

enum verdict look_token_endpoint_wrong(const struct flow *flow, struct pk_finding *finding)
{
	if (!flow->token.event || !flow->token.host.len || flow_asked(flow) != &flow->token)
		return NOT_VISIBLE;
	if (is_of_the_app(flow, &flow->token))
		return NOT_VISIBLE;
	if (flow->dialect && look_at_tenants(flow, finding) == PRESENT)
		return PRESENT;
	if (flow->dialect && !is_on_this_machine(&flow->token) &&
	    look_at_dialect(flow, finding) == PRESENT)
		return PRESENT;
	if (flow->dialect && !flow_has_any_host(flow->dialect->token_url) &&
	    flow->reply.status != 404)
		return ABSENT;
	return look_at_addresses(flow, finding);
}
