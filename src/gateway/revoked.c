/*
 * Two areas, one in use: an open-addressed table that the keeper fills. When it is half full, what
 * still counts is copied into the other area, in the size that it needs now, and the readers are
 * sent there. Writers take turns by a file lock, which the kernel takes back from one that dies, at
 * whatever point: the order of the writes leaves the table good. A reader sees an entry whole or
 * not at all, since its time is written last, and looks again if the areas were switched while it
 * looked. Somebody whose sessions were all revoked is an entry like a session, under a hash of who
 * it is, with the time before which they began.
 */
#include "gateway/revoked.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FIRST_BITS 10
#define LAST_BITS 21 /* REVOKED_MAX entries fill half of it */
_Static_assert(REVOKED_MAX == 1u << (LAST_BITS - 1),
	       "the last table is half full with the most entries");

struct slot {
	uint8_t id[SESSION_ID];
	_Atomic int64_t until; /* somebody's sessions that began before; 0: one session's entry */
	_Atomic int64_t expires_at; /* 0: free */
};

struct shared {
	_Atomic uint64_t state;  /* how often the areas were switched << 8 | the table's bits */
	uint32_t used;           /* the writers': slots taken, or more */
	_Atomic uint32_t people; /* whether there is an entry of somebody: mostly there is none */
	_Atomic uint32_t loaded; /* whether what the store knew has been added once */
	uint8_t pad[4096 - sizeof(uint64_t) - 3 * sizeof(uint32_t)]; /* areas begin on a page */
	struct slot slots[];                                         /* two areas of 2^LAST_BITS */
};

struct revoked {
	struct shared *shared;
	int fd;
};

static size_t mapping_size(void)
{
	return sizeof(struct shared) + 2 * ((size_t)1 << LAST_BITS) * sizeof(struct slot);
}

int revoked_create(void)
{
	const int fd = memfd_create("proofkey-revoked", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, (off_t)mapping_size()) != 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A duplicate would share the right to write; what is opened anew has rights of its own. */
int revoked_readable(int fd)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

struct revoked *revoked_map(int fd, bool write)
{
	struct revoked *revoked = calloc(1, sizeof(*revoked));
	void *at = mmap(NULL, mapping_size(), write ? PROT_READ | PROT_WRITE : PROT_READ,
			MAP_SHARED, fd, 0);

	if (!revoked || at == MAP_FAILED) {
		free(revoked);
		if (at != MAP_FAILED)
			munmap(at, mapping_size());
		return NULL;
	}
	*revoked = (struct revoked){at, fd};
	return revoked;
}

void revoked_unmap(struct revoked *revoked)
{
	if (revoked)
		munmap(revoked->shared, mapping_size());
	free(revoked);
}

/* New memory is zero, which stands for the first area and the smallest table. */
static uint32_t bits_of(uint64_t state)
{
	const uint32_t bits = state & 0xff;

	return bits >= FIRST_BITS && bits <= LAST_BITS ? bits : FIRST_BITS;
}

static struct slot *area_of(const struct revoked *revoked, uint64_t state)
{
	return revoked->shared->slots + ((state >> 8 & 1) << LAST_BITS);
}

/* The slot of that session in a table, or the free one where it would be. A table is never full.
 * Session ids are random, so any of their bits are a hash. */
static struct slot *find(struct slot *slots, uint32_t bits, const uint8_t *id,
			 int64_t *ret_expires_at)
{
	const size_t mask = ((size_t)1 << bits) - 1;
	size_t at;

	memcpy(&at, id, sizeof(at));
	for (at &= mask;; at = (at + 1) & mask) {
		const int64_t expires_at =
			atomic_load_explicit(&slots[at].expires_at, memory_order_acquire);

		if (!expires_at || memcmp(slots[at].id, id, SESSION_ID) == 0) {
			*ret_expires_at = expires_at;
			return &slots[at];
		}
	}
}

/* Looks an entry up, whatever the writers do meanwhile; false where there is none. */
static bool look(const struct revoked *revoked, const uint8_t *id, int64_t *ret_until)
{
	uint64_t state = atomic_load_explicit(&revoked->shared->state, memory_order_acquire);

	for (;;) {
		int64_t expires_at;
		const struct slot *slot =
			find(area_of(revoked, state), bits_of(state), id, &expires_at);

		*ret_until = atomic_load_explicit(&slot->until, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);

		const uint64_t again =
			atomic_load_explicit(&revoked->shared->state, memory_order_acquire);

		if (again == state)
			return expires_at != 0;
		state = again;
	}
}

bool revoked_has(const struct revoked *revoked, const uint8_t id[static SESSION_ID])
{
	int64_t until;

	return look(revoked, id, &until);
}

/* Whoever could choose a subject so that it meets another's would need 2^64 tries for any pair. */
static void hash_person(struct pk_str login, struct pk_str subject, uint8_t ret[static SESSION_ID])
{
	const uint64_t len = login.len;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, SESSION_ID);
	crypto_generichash_update(&state, (const uint8_t *)&len, sizeof(len));
	crypto_generichash_update(&state, (const uint8_t *)login.ptr, login.len);
	crypto_generichash_update(&state, (const uint8_t *)subject.ptr, subject.len);
	crypto_generichash_final(&state, ret, SESSION_ID);
}

bool revoked_has_person(const struct revoked *revoked, struct pk_str login, struct pk_str subject,
			int64_t began_at)
{
	uint8_t id[SESSION_ID];
	int64_t until;

	if (!atomic_load_explicit(&revoked->shared->people, memory_order_acquire))
		return false;
	hash_person(login, subject, id);
	return look(revoked, id, &until) && began_at < until;
}

/* An entry that is there already has these bytes: readers compare them at this moment. */
static void put(struct slot *slot, const uint8_t *id, int64_t until, int64_t expires_at)
{
	if (!atomic_load_explicit(&slot->expires_at, memory_order_relaxed))
		memcpy(slot->id, id, SESSION_ID);
	atomic_store_explicit(&slot->until, until, memory_order_relaxed);
	atomic_store_explicit(&slot->expires_at, expires_at, memory_order_release);
}

static uint32_t count_live(const struct slot *slots, uint32_t bits, int64_t now)
{
	uint32_t live = 0;

	for (size_t i = 0; i < (size_t)1 << bits; i++)
		live += atomic_load_explicit(&slots[i].expires_at, memory_order_relaxed) > now;
	return live;
}

/* Moves what still counts into the other area, a quarter full, and sends the readers there. A
 * reader may still be in that area since the switch before this one: it must see that switch when
 * it sees what is written here. */
static bool make_room(struct revoked *revoked, int64_t now)
{
	const uint64_t state = atomic_load_explicit(&revoked->shared->state, memory_order_relaxed);
	const struct slot *old = area_of(revoked, state);
	const uint32_t live = count_live(old, bits_of(state), now);
	const uint64_t next = (state >> 8) + 1;
	uint32_t bits = FIRST_BITS, people = 0;

	if (live >= REVOKED_MAX)
		return false;
	while (bits < LAST_BITS && (1u << bits) / 4 < live)
		bits++;

	struct slot *slots = area_of(revoked, next << 8);

	atomic_thread_fence(memory_order_release);
	if (madvise(slots, ((size_t)1 << LAST_BITS) * sizeof(*slots), MADV_REMOVE) != 0)
		memset(slots, 0, ((size_t)1 << LAST_BITS) * sizeof(*slots));
	for (size_t i = 0; i < (size_t)1 << bits_of(state); i++) {
		const int64_t expires_at =
			atomic_load_explicit(&old[i].expires_at, memory_order_relaxed);
		const int64_t until = atomic_load_explicit(&old[i].until, memory_order_relaxed);
		int64_t other;

		if (expires_at <= now)
			continue;
		put(find(slots, bits, old[i].id, &other), old[i].id, until, expires_at);
		people |= until != 0;
	}
	/* A death between these two leaves a number that is too large, and room is made again. */
	atomic_store_explicit(&revoked->shared->state, next << 8 | bits, memory_order_release);
	revoked->shared->used = live;
	if (!people)
		atomic_store_explicit(&revoked->shared->people, 0, memory_order_release);
	return true;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool add(struct revoked *revoked, const uint8_t *id, int64_t until, int64_t expires_at,
		int64_t now)
{
	uint64_t state = atomic_load_explicit(&revoked->shared->state, memory_order_relaxed);
	int64_t present;
	struct slot *slot = find(area_of(revoked, state), bits_of(state), id, &present);

	if (present) {
		put(slot, id,
		    later(until, atomic_load_explicit(&slot->until, memory_order_relaxed)),
		    later(expires_at, present));
		return true;
	}
	if (revoked->shared->used >= (1u << bits_of(state)) / 2) {
		if (!make_room(revoked, now))
			return false;
		state = atomic_load_explicit(&revoked->shared->state, memory_order_relaxed);
		slot = find(area_of(revoked, state), bits_of(state), id, &present);
	}
	revoked->shared->used++;
	put(slot, id, until, expires_at);
	if (until)
		atomic_store_explicit(&revoked->shared->people, 1, memory_order_release);
	return true;
}

static bool lock(const struct revoked *revoked, short type)
{
	struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
	int result;

	do
		result = fcntl(revoked->fd, F_SETLKW, &whole);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

static bool add_alone(struct revoked *revoked, const uint8_t *id, int64_t until, int64_t expires_at,
		      int64_t now)
{
	bool added;

	if (expires_at <= now)
		return true;
	if (!lock(revoked, F_WRLCK))
		return false;
	added = add(revoked, id, until, expires_at, now);
	return lock(revoked, F_UNLCK) && added;
}

bool revoked_add(struct revoked *revoked, const uint8_t id[static SESSION_ID], int64_t expires_at,
		 int64_t now)
{
	return add_alone(revoked, id, 0, expires_at, now);
}

bool revoked_add_person(struct revoked *revoked, struct pk_str login, struct pk_str subject,
			int64_t until, int64_t expires_at, int64_t now)
{
	uint8_t id[SESSION_ID];

	if (until <= 0)
		return true; /* no session began before that */
	hash_person(login, subject, id);
	return add_alone(revoked, id, until, expires_at, now);
}

bool revoked_is_loaded(const struct revoked *revoked)
{
	return atomic_load_explicit(&revoked->shared->loaded, memory_order_acquire);
}

void revoked_set_loaded(struct revoked *revoked)
{
	atomic_store_explicit(&revoked->shared->loaded, 1, memory_order_release);
}
