/*
 * What the requests of a login say about the others: a redirect that leads to one of them or away
 * from one belongs to it, and so does a return to the redirect URI without its state. Everything
 * else in a capture is passed over.
 */
#include "explain/capture.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/text.h"

static struct pk_str location_of(const struct pk_event *event)
{
	if (event->reply.status < 300 || event->reply.status > 399)
		return (struct pk_str){0};
	return message_header(&event->reply, "Location");
}

static struct pk_str without_fragment(struct pk_str url)
{
	return pk_str_first(url, pk_str_find(url, '#'));
}

/* Whether a Location leads to that URL, both without their fragments; it may be given without
 * scheme and host. */
static bool leads_to(struct pk_str location, struct pk_str url)
{
	if (location.len < 2)
		return false;
	if (location.ptr[0] == '/')
		return pk_str_ends(url, location);
	return pk_str_equal(location, url);
}

static enum pk_err decode(struct making *making, struct pk_str raw, struct pk_str *ret)
{
	struct pk_buf out = pk_arena_open(making->arena);

	if (!pk_form_decode(&out, raw)) {
		*ret = raw;
		return PK_OK;
	}
	return pk_space(making->why, pk_arena_close(making->arena, &out, ret));
}

enum pk_err clues_note(struct making *making, struct clues *clues, const struct pk_event *event)
{
	struct clue clue = {
		.url = event->request.url, .location = location_of(event), .kind = event->kind};

	if (!clues->clue)
		clues->clue = pk_arena_take(making->arena, PK_EVENTS_MAX * sizeof(clue));
	if (!clues->clue)
		return pk_space(making->why, PK_ERR_NO_SPACE);
	if (clues->count == PK_EVENTS_MAX)
		return pk_refuse(making->why, PK_ERR_CAPTURE_TOO_LARGE, NULL,
				 "more than %d requests of logins", PK_EVENTS_MAX);
	TRY(making_joined(making, clue.url, PK_STR(""), PK_STR(""), &clue.url));
	if (clue.location.ptr)
		TRY(making_joined(making, clue.location, PK_STR(""), PK_STR(""), &clue.location));
	if (event->kind == PK_EVENT_AUTHORIZE)
		TRY(decode(making, form_raw(url_query(clue.url), "redirect_uri"), &clue.return_to));
	clues->clue[clues->count++] = clue;
	return PK_OK;
}

bool clues_lead_to(const struct clues *clues, struct pk_str url)
{
	url = without_fragment(url);
	for (size_t i = 0; i < clues->count; i++)
		if (leads_to(clues->clue[i].location, url))
			return true;
	return false;
}

static bool returns(const struct clue *clue, const struct pk_message *request)
{
	const struct pk_str return_to = url_without_query(clue->return_to);

	return return_to.len && pk_str_equal(return_to, url_without_query(request->url)) &&
	       request_may_return(request);
}

bool clues_kind(const struct clues *clues, struct pk_event *event)
{
	const struct pk_str url = without_fragment(event->request.url);
	const struct pk_str location = without_fragment(location_of(event));

	if (request_kind(&event->request, &event->kind))
		return true;
	for (size_t i = 0; i < clues->count; i++) {
		if (returns(&clues->clue[i], &event->request)) {
			event->kind = PK_EVENT_CALLBACK;
			return true;
		}
		/* A token request that was redirected comes again, as a GET without its body. */
		if (clues->clue[i].kind == PK_EVENT_TOKEN &&
		    leads_to(clues->clue[i].location, url)) {
			event->kind = PK_EVENT_TOKEN;
			return true;
		}
	}
	for (size_t i = 0; i < clues->count; i++) {
		const struct clue *clue = &clues->clue[i];

		if (clue->kind == PK_EVENT_OTHER ||
		    !(leads_to(location, clue->url) || leads_to(clue->location, url)))
			continue;
		event->kind = PK_EVENT_OTHER;
		event->request.body = event->reply.body = (struct pk_str){0};
		return true;
	}
	return false;
}

/* A reply that stands alone is that of a token request, or a redirect of the provider's. */
static enum pk_event_kind kind_of_reply(const struct pk_event *event)
{
	return location_of(event).ptr ? PK_EVENT_AUTHORIZE : PK_EVENT_TOKEN;
}

enum pk_err making_sift(struct making *making, bool lenient)
{
	struct clues clues = {0};
	size_t kept = 0;

	for (size_t i = 0; i < making->count; i++) {
		struct pk_event *event = &making->event[i];

		if (request_kind(&event->request, &event->kind))
			TRY(clues_note(making, &clues, event));
	}
	for (size_t i = 0; i < making->count; i++) {
		struct pk_event event = making->event[i];

		if (!event.request.present)
			event.kind = kind_of_reply(&event);
		else if (!clues_kind(&clues, &event)) {
			if (!lenient || !request_may_return(&event.request))
				continue;
			event.kind = PK_EVENT_CALLBACK;
		}
		making->event[kept++] = event;
	}
	making->count = kept;
	return PK_OK;
}
