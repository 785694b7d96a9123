/*
 * Finding the dialect. Two dialects can have the same endpoints (one brand, several platforms); what the requests say beyond their
 * address then decides, and if it does not, the dialect is unknown: a wrong one would be held against somebody.
 */
#include "explain/flow_provider.h"
#include "base/text.h"

#include <string.h>

/* Matches a pattern in which {name} stands for one or more characters other than / and ?. */
static bool matches(struct pk_str pattern, struct pk_str text)
{
	while (pattern.len) {
		if (pattern.ptr[0] != '{') {
			if (!text.len || pattern.ptr[0] != text.ptr[0])
				return false;
			pattern = pk_str_from(pattern, 1);
			text = pk_str_from(text, 1);
			continue;
		}

		const struct pk_str rest = pk_str_from(pattern, pk_str_find(pattern, '}') + 1);

		for (size_t taken = 1; taken <= text.len && text.ptr[taken - 1] != '/'; taken++)
			if (matches(rest, pk_str_from(text, taken)))
				return true;
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

bool flow_is_endpoint(const struct pk_dialect *dialect, struct pk_str endpoint, struct pk_str host,
		      struct pk_str path)
{
	struct pk_str rest = endpoint;
	struct pk_str wanted_host;

	(void)pk_str_cut(&rest, '/');
	(void)pk_str_cut(&rest, '/');
	if (!rest.len)
		return false;
	wanted_host = pk_str_first(rest, pk_str_find(rest, '/'));
	rest = without_slash(pk_str_first(rest, pk_str_find(rest, '?')));
	rest = pk_str_from(rest, wanted_host.len);
	path = without_slash(path);
	if (matches(wanted_host, host) && matches(rest, path))
		return true;
	/* The sandbox: /NAME and the provider's own path, at any host. */
	return path.len > dialect->name.len + 1 &&
	       pk_str_equal(pk_str_first(pk_str_from(path, 1), dialect->name.len), dialect->name) &&
	       matches(rest, pk_str_from(path, 1 + dialect->name.len));
}

static bool is_any_endpoint(const struct pk_dialect *dialect, const struct flow_part *part)
{
	switch (part->event->kind) {
	case PK_EVENT_AUTHORIZE:
		return flow_is_endpoint(dialect, dialect->authorize_url, part->host, part->path);
	case PK_EVENT_TOKEN:
		return flow_is_endpoint(dialect, dialect->token_url, part->host, part->path) ||
		       flow_is_endpoint(dialect, dialect->revoke_url, part->host, part->path);
	case PK_EVENT_CALLBACK:
	case PK_EVENT_OTHER:
		break;
	}
	return false;
}

/* How many requests went to this dialect. A pattern whose host is all variable fits every host, so it counts only at a sandbox. */
static size_t count_hits(const struct flow *flow, const struct pk_dialect *dialect)
{
	const bool any_host = pk_str_starts(dialect->token_url, PK_STR("https://{host}/"));
	size_t hits = 0;

	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct flow_part *part = &flow->part[i];

		if (any_host &&
		    !(part->path.len > dialect->name.len &&
		      pk_str_equal(pk_str_first(pk_str_from(part->path, 1), dialect->name.len),
				   dialect->name)))
			continue;
		hits += is_any_endpoint(dialect, part);
	}
	return hits;
}

static bool starts_at_loopback(const struct flow *flow)
{
	for (size_t i = 0; i < flow->capture->count; i++)
		if (flow->part[i].event->kind == PK_EVENT_AUTHORIZE &&
		    pk_uri_is_loopback(flow_value(&flow->part[i], "redirect_uri")))
			return true;
	return false;
}

/* Between dialects of the same endpoints: a redirect URI on this machine is what only one of them may have. */
static bool wants_loopback(const struct pk_dialect *dialect)
{
	return pk_list_has(&dialect->redirect_rules, PK_STR("loopback-host"));
}

/* A request to another host within a region's domain was meant for this provider, and missed. */
static bool is_in_region(const struct flow *flow, const struct pk_dialect *dialect)
{
	for (size_t i = 0; i < flow->capture->count; i++) {
		const struct pk_event *event = flow->part[i].event;
		const struct pk_str host = flow->part[i].host;

		if (event->kind != PK_EVENT_AUTHORIZE && event->kind != PK_EVENT_TOKEN)
			continue;
		for (size_t j = 0; j < dialect->regions.count; j++) {
			const struct pk_str region = dialect->regions.item[j];

			if (host.len > region.len && pk_str_ends(host, region) &&
			    host.ptr[host.len - region.len - 1] == '.')
				return true;
		}
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

const struct pk_dialect *flow_find_dialect(const struct flow *flow,
					   const struct pk_dialect *const *dialects, size_t count)
{
	const struct pk_dialect *best = NULL;
	size_t best_hits = 0;
	bool tie = false;

	for (size_t i = 0; i < count; i++)
		if (flow->capture->provider.len &&
		    pk_str_equal(dialects[i]->name, flow->capture->provider))
			return dialects[i];
	for (size_t i = 0; i < count; i++) {
		const size_t hits = count_hits(flow, dialects[i]);

		if (hits > best_hits || (hits && hits == best_hits && best &&
					 wants_loopback(dialects[i]) == starts_at_loopback(flow) &&
					 wants_loopback(best) != starts_at_loopback(flow))) {
			best = dialects[i];
			best_hits = hits;
			tie = false;
		} else if (hits && hits == best_hits &&
			   wants_loopback(dialects[i]) == wants_loopback(best)) {
			tie = true;
		}
	}
	if (!best)
		return find_by_region(flow, dialects, count);
	return tie ? NULL : best;
}
