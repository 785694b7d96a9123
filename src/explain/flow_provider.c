/*
 * Finding the dialect. Two dialects can have the same endpoints (one brand, several platforms); what the requests say beyond their
 * address then decides, and if it does not, the dialect is unknown: a wrong one would be held against somebody.
 */
#include "explain/flow_provider.h"
#include "base/text.h"
#include "protocol/redirect_uri.h"

#include <string.h>

/* A variable of a pattern whose value is wanted. */
struct wanted {
	struct pk_str name;  /* "{tenant}" */
	struct pk_str value; /* what stood for it, or "not given" */
};

/* Matches a pattern in which {name} stands for one or more characters other than /. */
static bool matches(struct pk_str pattern, struct pk_str text, struct wanted *wanted)
{
	while (pattern.len) {
		if (pattern.ptr[0] != '{') {
			if (!text.len || pattern.ptr[0] != text.ptr[0])
				return false;
			pattern = pk_str_from(pattern, 1);
			text = pk_str_from(text, 1);
			continue;
		}

		const size_t end = pk_str_find(pattern, '}') + 1;
		const struct pk_str rest = pk_str_from(pattern, end);

		for (size_t taken = 1; taken <= text.len && text.ptr[taken - 1] != '/'; taken++) {
			if (!matches(rest, pk_str_from(text, taken), wanted))
				continue;
			if (wanted && pk_str_equal(pk_str_first(pattern, end), wanted->name))
				wanted->value = pk_str_first(text, taken);
			return true;
		}
		return false;
	}
	return !text.len;
}

/* A final slash is no other place for whoever guesses the provider; for whoever called it, it may be. */
static struct pk_str without_slash(struct pk_str path)
{
	if (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	return path;
}

/* Host and path of a URL or of a pattern of one, without the query. */
static struct pk_str split_url(struct pk_str url, struct pk_str *ret_path)
{
	struct pk_str rest = url, host;

	(void)pk_str_cut(&rest, '/');
	(void)pk_str_cut(&rest, '/');
	rest = pk_str_first(rest, pk_str_find(rest, '?'));
	host = pk_str_first(rest, pk_str_find(rest, '/'));
	*ret_path = pk_str_from(rest, host.len);
	return host;
}

/* A sandbox has each provider's own paths behind its name. */
static bool cut_name(const struct pk_dialect *dialect, struct pk_str *path)
{
	const struct pk_str name = dialect->name;
	const struct pk_str rest = pk_str_from(*path, name.len + 1);

	if (!name.len || path->len < name.len + 1 ||
	    !pk_str_equal(pk_str_first(pk_str_from(*path, 1), name.len), name) ||
	    (rest.len && rest.ptr[0] != '/'))
		return false;
	*path = rest;
	return true;
}

static bool is_endpoint(const struct pk_dialect *dialect, struct pk_str endpoint,
			struct pk_str host, struct pk_str path, struct wanted *wanted)
{
	struct pk_str wanted_path;
	const struct pk_str wanted_host = split_url(endpoint, &wanted_path);

	if (!wanted_host.len)
		return false;
	wanted_path = without_slash(wanted_path);
	path = without_slash(path);
	if (matches(wanted_host, host, wanted) && matches(wanted_path, path, wanted))
		return true;
	return cut_name(dialect, &path) && matches(wanted_path, path, wanted);
}

bool flow_is_endpoint(const struct pk_dialect *dialect, struct pk_str endpoint, struct pk_str host,
		      struct pk_str path)
{
	return is_endpoint(dialect, endpoint, host, path, NULL);
}

struct pk_str flow_tenant(const struct pk_dialect *dialect, struct pk_str endpoint,
			  const struct flow_part *part)
{
	struct wanted wanted = {.name = PK_STR("{tenant}")};

	if (!part->event || !is_endpoint(dialect, endpoint, part->host, part->path, &wanted))
		return (struct pk_str){0};
	return wanted.value;
}

bool flow_has_any_host(struct pk_str endpoint)
{
	struct pk_str path;

	return pk_str_equal(split_url(endpoint, &path), PK_STR("{host}"));
}

bool flow_is_at_sandbox(const struct flow *flow, const struct flow_part *part)
{
	struct pk_str path = part->path;

	return flow->dialect && part->event && cut_name(flow->dialect, &path);
}

/* ---- The issuer ---- */

/* Where no request of the login is visible, it may have gone there. */
static bool went_to(const struct flow *flow, struct pk_str host)
{
	if (!flow->authorize.event && !flow->token.event && !flow->refresh.event)
		return true;
	return (flow->authorize.event && pk_str_equal(host, flow->authorize.host)) ||
	       (flow->token.event && pk_str_equal(host, flow->token.host)) ||
	       (flow->refresh.event && pk_str_equal(host, flow->refresh.host));
}

/* The tenant of the requests; a provider with hosts of its own may name another in its tokens, the
 * one that the person is from. */
static bool is_of_tenant(const struct flow *flow, struct pk_str tenant)
{
	const struct pk_dialect *dialect = flow->dialect;
	const struct pk_str asked = flow_tenant(dialect, dialect->token_url, &flow->token);

	return !tenant.len || !asked.len || !flow_has_any_host(dialect->issuer) ||
	       pk_str_equal(tenant, asked);
}

bool flow_is_issuer(const struct flow *flow, struct pk_str iss)
{
	const struct pk_str issuer = flow->dialect->issuer;
	struct wanted wanted = {.name = PK_STR("{tenant}")};
	struct pk_str path, wanted_path;
	const struct pk_str host = split_url(iss, &path);

	(void)split_url(issuer, &wanted_path);
	if (matches(issuer, iss, &wanted))
		return is_of_tenant(flow, wanted.value) &&
		       (!flow_has_any_host(issuer) || went_to(flow, host));
	/* Without its scheme, as some have always written it. */
	if (pk_str_equal(issuer, flow_text(flow, "https://%.*s", PK_ARG(iss))))
		return true;
	wanted.value = (struct pk_str){0};
	return cut_name(flow->dialect, &path) && went_to(flow, host) &&
	       matches(wanted_path, path, &wanted) && is_of_tenant(flow, wanted.value);
}

static struct pk_str filled(const struct flow *flow, struct pk_str pattern)
{
	const struct pk_dialect *dialect = flow->dialect;
	const struct flow_part *part = flow->token.event ? &flow->token : &flow->authorize;
	struct pk_str tenant = flow_tenant(dialect, dialect->token_url, &flow->token);
	struct pk_str text = PK_STR("");

	if (!tenant.len)
		tenant = flow_tenant(dialect, dialect->authorize_url, &flow->authorize);
	while (pk_str_find(pattern, '{') < pattern.len) {
		const size_t open = pk_str_find(pattern, '{');
		const struct pk_str rest = pk_str_from(pattern, open);
		const struct pk_str name = pk_str_first(rest, pk_str_find(rest, '}') + 1);
		const bool host = pk_str_equal(name, PK_STR("{host}"));
		const struct pk_str value = host && part->host.len ? part->host
					    : !host && tenant.len  ? tenant
								   : name;

		text = flow_text(flow, "%.*s%.*s%.*s", PK_ARG(text),
				 PK_ARG(pk_str_first(pattern, open)), PK_ARG(value));
		pattern = pk_str_from(rest, name.len);
	}
	return flow_text(flow, "%.*s%.*s", PK_ARG(text), PK_ARG(pattern));
}

struct pk_str flow_issuer(const struct flow *flow, enum pk_confidence *ret_sure)
{
	const struct pk_dialect *dialect = flow->dialect;
	const struct flow_part *part = flow->token.event ? &flow->token : &flow->authorize;
	const bool at_sandbox = flow_is_at_sandbox(flow, part);
	struct pk_str path;

	/* A server that its owner runs may have its issuer at another host than its endpoints. */
	*ret_sure = pk_list_has(&dialect->unconfirmed, PK_STR("issuer")) ||
				    (flow_has_any_host(dialect->issuer) && !at_sandbox)
			    ? PK_LIKELY
			    : PK_PROVED;
	if (!at_sandbox)
		return filled(flow, dialect->issuer);
	(void)split_url(dialect->issuer, &path);
	return flow_text(flow, "http://%.*s/%.*s%.*s", PK_ARG(part->host), PK_ARG(dialect->name),
			 PK_ARG(filled(flow, path)));
}

/* ---- Which dialect ---- */

/* The endpoints that a request of that kind may have gone to. */
static bool is_any_endpoint(const struct pk_dialect *dialect, const struct flow_part *part)
{
	const struct pk_str asked[] = {dialect->token_url, dialect->refresh_url,
				       dialect->revoke_url, dialect->introspect_url,
				       dialect->par_url};
	const struct pk_str beside[] = {dialect->userinfo_url, dialect->jwks_url,
					dialect->discovery_url, dialect->par_url,
					dialect->introspect_url};
	const bool is_token = part->event->kind == PK_EVENT_TOKEN;
	const size_t count =
		is_token ? sizeof(asked) / sizeof(asked[0]) : sizeof(beside) / sizeof(beside[0]);

	if (part->event->kind == PK_EVENT_CALLBACK)
		return false;
	if (part->event->kind == PK_EVENT_AUTHORIZE)
		return flow_is_endpoint(dialect, dialect->authorize_url, part->host, part->path) ||
		       flow_is_endpoint(dialect, dialect->par_url, part->host, part->path);
	for (size_t i = 0; i < count; i++)
		if (flow_is_endpoint(dialect, is_token ? asked[i] : beside[i], part->host,
				     part->path))
			return true;
	return false;
}

/* Words that stand in the paths of many servers, and tell none from another. */
static bool is_common(struct pk_str segment)
{
	static const char *const words[] = {"oauth",
					    "oauth2",
					    "oidc",
					    "openid",
					    "connect",
					    "auth",
					    "authorize",
					    "authorization",
					    "token",
					    "access_token",
					    "login",
					    "api",
					    "admin",
					    "revoke",
					    "userinfo",
					    "introspect",
					    "par",
					    "me",
					    "user",
					    "users",
					    "jwks",
					    "keys",
					    "certs",
					    ".well-known",
					    "openid-configuration",
					    "oauth-authorization-server",
					    "jwks.json",
					    "v1",
					    "v2",
					    "v3",
					    "v1.0",
					    "v2.0",
					    "v2.1",
					    "services"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (pk_str_equal(segment, pk_str(words[i])))
			return true;
	return !segment.len || segment.ptr[0] == '{';
}

/* Whether a path alone tells whose it is. */
static bool is_telling(struct pk_str endpoint)
{
	struct pk_str path;

	(void)split_url(endpoint, &path);
	while (path.ptr)
		if (!is_common(pk_str_cut(&path, '/')))
			return true;
	return false;
}

static bool ends_in_region(const struct pk_dialect *dialect, struct pk_str host)
{
	for (size_t i = 0; i < dialect->regions.count; i++) {
		const struct pk_str region = dialect->regions.item[i];

		if (host.len > region.len && pk_str_ends(host, region) &&
		    host.ptr[host.len - region.len - 1] == '.')
			return true;
	}
	return false;
}

/* How many requests went to this dialect. One that may be at any host is known by its name in a
 * sandbox's path, or by a path that no other server has. */
static size_t count_hits(const struct flow *flow, const struct pk_dialect *dialect)
{
	const bool any_host = flow_has_any_host(dialect->token_url);
	size_t hits = 0;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		struct pk_str path = part->path;

		if (cut_name(dialect, &path)) {
			hits += is_any_endpoint(dialect, part);
			continue;
		}
		if ((any_host && !is_telling(dialect->token_url)) ||
		    (dialect->regions.count && !ends_in_region(dialect, part->host)))
			continue;
		hits += is_any_endpoint(dialect, part);
	}
	return hits;
}

/* Requests to a sandbox on this machine whose paths begin with the dialect's name, whatever follows
 * it: an endpoint that is not there is still one of this dialect. */
static size_t count_named(const struct flow *flow, const struct pk_dialect *dialect)
{
	size_t named = 0;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		struct pk_str path = part->path;
		struct pk_uri uri;

		named += (part->event->kind == PK_EVENT_AUTHORIZE ||
			  part->event->kind == PK_EVENT_TOKEN) &&
			 cut_name(dialect, &path) && pk_uri_split(part->event->request.url, &uri) &&
			 pk_host_is_loopback(uri.host);
	}
	return named;
}

/* ---- Between dialects of the same endpoints ---- */

/* A redirect URI on this machine is what only one of them may have. */
static bool wants_loopback(const struct pk_dialect *dialect)
{
	return pk_list_has(&dialect->redirect_rules, PK_STR("loopback-host"));
}

static bool is_exact(struct pk_str endpoint, const struct flow_part *part)
{
	struct pk_str path;
	const struct pk_str host = split_url(endpoint, &path);

	return matches(host, part->host, NULL) && matches(path, part->path, NULL);
}

/* What of the authorize requests is as this dialect has it: the kind of redirect URI, the final
 * slash of the endpoint, whether the method stands beside the challenge. */
static size_t likeness(const struct flow *flow, const struct pk_dialect *dialect)
{
	size_t alike = 0;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];
		const struct pk_str uri = flow_value(part, "redirect_uri");

		if (part->event->kind != PK_EVENT_AUTHORIZE)
			continue;
		alike += uri.len && wants_loopback(dialect) == pk_uri_is_loopback(uri);
		alike += is_exact(dialect->authorize_url, part);
		alike += flow_param(part, "code_challenge") &&
			 (flow_param(part, "code_challenge_method") != NULL) ==
				 (dialect->challenge_method.len > 0);
	}
	return alike;
}

/* A request to another host within a region's domain was meant for this provider, and missed. */
static bool is_in_region(const struct flow *flow, const struct pk_dialect *dialect)
{
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct pk_event *event = flow->part[i].event;
		const struct pk_str host = flow->part[i].host;

		if (event->kind != PK_EVENT_AUTHORIZE && event->kind != PK_EVENT_TOKEN)
			continue;
		if (ends_in_region(dialect, host))
			return true;
	}
	return false;
}

/* The only dialect in whose regions the requests went, or NULL. */
static const struct pk_dialect *find_by_region(const struct flow *flow,
					       const struct pk_dialect *const *dialects,
					       size_t count)
{
	const struct pk_dialect *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!is_in_region(flow, dialects[i]))
			continue;
		if (found)
			return NULL;
		found = dialects[i];
	}
	return found;
}

/* The dialect with the most of what `count` counts, none where there is no such one; between equals
 * the one that is more like the requests. */
static const struct pk_dialect *find_most(
	const struct flow *flow, const struct pk_dialect *const *dialects, size_t dialect_count,
	size_t (*count)(const struct flow *flow, const struct pk_dialect *dialect), bool *ret_any)
{
	const struct pk_dialect *best = NULL;
	size_t best_count = 0, best_likeness = 0;

	*ret_any = false;
	for (size_t i = 0; i < dialect_count; i++) {
		const size_t counted = count(flow, dialects[i]);
		const size_t alike = counted ? likeness(flow, dialects[i]) : 0;

		if (!counted || counted < best_count)
			continue;
		*ret_any = true;
		if (counted == best_count && alike == best_likeness) {
			best = NULL;
			continue;
		}
		if (counted == best_count && alike < best_likeness)
			continue;
		best = dialects[i];
		best_count = counted;
		best_likeness = alike;
	}
	return best;
}

const struct pk_dialect *flow_find_dialect(const struct flow *flow,
					   const struct pk_dialect *const *dialects, size_t count)
{
	const struct pk_dialect *found;
	bool any;

	for (size_t i = 0; i < count; i++)
		if (flow->capture->provider.len &&
		    pk_str_equal(dialects[i]->name, flow->capture->provider))
			return dialects[i];
	found = find_most(flow, dialects, count, count_named, &any);
	if (any)
		return found;
	found = find_most(flow, dialects, count, count_hits, &any);
	return any ? found : find_by_region(flow, dialects, count);
}
