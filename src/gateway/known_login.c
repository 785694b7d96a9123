/*
 * What the keeper tells of a provider is trusted as the settings are: it checked it. Time is counted
 * from the answer, not from when the keeper fetched it, so that a provider's change takes as long as
 * both keep it.
 */
#include "gateway/known_login.h"
#include "base/text.h"
#include "gateway/pages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define KNOWN_SECONDS 300

struct waiter {
	LIST_ENTRY(waiter) entry;
	struct http_request *request;
	known_login *then;
	bool regardless; /* what is not known does not stop it */
};

/* What was discovered of one login, and who waits for it. */
struct discovered {
	struct front *front;
	const struct login_settings *of_settings;
	struct login_settings login;
	char *text; /* what `login.dialect` views; NULL: nothing is known */
	int64_t until;
	bool asking;
	LIST_HEAD(, waiter) waiters;
};

static int64_t now(void)
{
	struct timespec clock;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	return clock.tv_sec;
}

static bool take(struct discovered *discovered, struct pk_str text)
{
	struct login_settings *login = &discovered->login;
	char *copy = malloc(text.len + 1);

	if (!copy)
		return false;
	memcpy(copy, text.ptr, text.len);
	free(discovered->text);
	discovered->text = copy;
	*login = *discovered->of_settings;
	login->dialect_text = (struct pk_str){copy, text.len};
	login->login.dialect = &login->dialect;
	if (pk_dialect_parse(discovered->of_settings->dialect.name, login->dialect_text,
			     &login->dialect, NULL) == PK_OK) {
		discovered->until = now() + KNOWN_SECONDS;
		return true;
	}
	free(copy);
	discovered->text = NULL;
	return false;
}

/* `failure` is NULL where the login is known. Who comes while the others go on finds it known, or asks
 * anew. */
static void tell_all(struct discovered *discovered, int status, const struct failure *failure)
{
	LIST_HEAD(, waiter) told = LIST_HEAD_INITIALIZER(told);
	struct waiter *waiter;

	while ((waiter = LIST_FIRST(&discovered->waiters))) {
		LIST_REMOVE(waiter, entry);
		LIST_INSERT_HEAD(&told, waiter, entry);
	}
	while ((waiter = LIST_FIRST(&told))) {
		const struct waiter done = *waiter;

		LIST_REMOVE(waiter, entry);
		free(waiter);
		http_on_gone(done.request, NULL, NULL);
		if (failure && done.regardless)
			done.then(discovered->front, done.request, discovered->of_settings);
		else if (failure)
			page_reply_failure(discovered->front, done.request, status,
					   discovered->of_settings->login.name, failure);
		else
			done.then(discovered->front, done.request, &discovered->login);
	}
}

static void tell_away(struct discovered *discovered)
{
	tell_all(discovered, 503,
		 &(const struct failure){
			 .fault = PK_STR("keeper-unavailable"),
			 .detail = PK_STR("the keeper did not say how this provider is reached")});
}

static void on_answer(struct message_reader *answer, void *arg)
{
	struct discovered *discovered = arg;

	discovered->asking = false;
	if (!answer) {
		tell_away(discovered);
	} else if (message_number(answer)) {
		const struct pk_str text = message_str(answer, MESSAGE_MAX);

		if (message_done(answer) && take(discovered, text))
			tell_all(discovered, 0, NULL);
		else
			tell_away(discovered);
	} else {
		const struct failure failure = {
			.fault = message_str(answer, CALL_TEXT_MAX),
			.detail = message_str(answer, CALL_TEXT_MAX),
			.provider_error = message_str(answer, CALL_TEXT_MAX),
			.provider_text = message_str(answer, CALL_TEXT_MAX),
			.explanation = message_str(answer, EXPLANATION_MAX),
		};

		tell_all(discovered, 502, &failure);
	}
}

static bool ask(struct discovered *discovered)
{
	struct keeper_link *keeper = discovered->front->keeper;
	char memory[SESSION_LOGIN_MAX + 64];
	struct pk_buf message = pk_buf(memory, sizeof(memory));

	keeper_link_begin(keeper, CALL_METADATA, &message);
	message_put_str(&message, discovered->of_settings->login.name);
	discovered->asking = keeper_link_send(keeper, &message, on_answer, discovered);
	return discovered->asking;
}

static void on_gone(void *arg)
{
	struct waiter *waiter = arg;

	LIST_REMOVE(waiter, entry);
	free(waiter);
}

static struct discovered *discovered_of(struct front *front, const struct login_settings *login)
{
	struct discovered **at = &front->discovered[login - front->settings->login];

	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (*at && !(*at)->front) {
		(*at)->front = front;
		(*at)->of_settings = login;
		LIST_INIT(&(*at)->waiters);
	}
	return *at;
}

static void with_login(struct front *front, struct http_request *request,
		       const struct login_settings *login, known_login *then, bool regardless)
{
	struct discovered *discovered;
	struct waiter *waiter;

	if (!settings_is_discovered(login)) {
		then(front, request, login);
		return;
	}
	discovered = discovered_of(front, login);
	if (discovered && discovered->text && now() < discovered->until) {
		then(front, request, &discovered->login);
		return;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter || !discovered) {
		free(waiter);
		page_reply_text(request, 503, PK_STR("There is no memory for this login.\n"));
		return;
	}
	waiter->request = request;
	waiter->then = then;
	waiter->regardless = regardless;
	LIST_INSERT_HEAD(&discovered->waiters, waiter, entry);
	http_on_gone(request, on_gone, waiter);
	if (!discovered->asking && !ask(discovered))
		tell_away(discovered);
}

void with_known_login(struct front *front, struct http_request *request,
		      const struct login_settings *login, known_login *then)
{
	with_login(front, request, login, then, false);
}

void with_login_as_known(struct front *front, struct http_request *request,
			 const struct login_settings *login, known_login *then)
{
	with_login(front, request, login, then, true);
}

/* After the link to the keeper, which answers those that wait when it goes. */
void known_logins_free(struct front *front)
{
	for (size_t i = 0; i < LOGINS_MAX; i++) {
		if (front->discovered[i])
			free(front->discovered[i]->text);
		free(front->discovered[i]);
	}
}
