/*
 * qsbr.pml - the real grace period: one epoch, an announcement for each worker, three buckets.
 *
 * Models       src/mem/grace.c: grace_online, grace_offline, grace_quiescent, advance, grace_retire,
 *              grace_poll; each atomic access of it is a step here
 * Leaves out   the tree: one slot holds a page, who writes takes it out and puts another in;
 *              SCAN_STEP: a scan may stop after any worker and go on in a later quiescent state
 * Invariants   I2 no page is freed while somebody holds it, who found it while online
 *              I3 freed once
 *              epoch_is_held: an online worker that announced e keeps the epoch at e + 1 or below
 *              bucket_is_free: of what grace_retire says, that a bucket holds pages of this epoch alone
 * Bounds       WORKERS workers, all of which read, the first WRITERS of which write, for ever; the epoch
 *              ends at EPOCHS; PAGES pages, one of them in the slot
 *
 *   clean  WRITERS=1 EPOCHS=5      :   603000 : two workers, one writes
 *   clean  PAGES=2                 :   602000 : two workers that both write
 *   clean  WORKERS=3 WRITERS=1 EPOCHS=4 PAGES=2 :  2050000 : three workers, one writes
 *   clean  TSO EPOCHS=5 PAGES=2    :   549000 : two workers that write, announcements through a store buffer
 *   mutant BREAK_PLUS_2 PAGES=2    : I2_no_use_of_freed_page : freed two epochs later, not three
 *   mutant BREAK_NO_SCAN ONLY_I2 PAGES=2   : I2_no_use_of_freed_page : the epoch moves without a look at the others
 *   mutant BREAK_OLD_SCAN ONLY_I2 PAGES=2  : I2_no_use_of_freed_page : whom the scan for an earlier epoch passed is passed
 *   mutant BREAK_OFFLINE_AT_ZERO PAGES=2 : I2_no_use_of_freed_page : offline, the announcement 0 is taken for an epoch
 *   mutant BREAK_TWO_BUCKETS WRITERS=1 : bucket_is_free : two buckets, by the epoch modulo 2
 *   mutant BREAK_HELD_ON PAGES=2   : I2_no_use_of_freed_page : the worker keeps a pointer over its quiescent state
 *   mutant BREAK_NO_HANDSHAKE PAGES=2 : epoch_is_held : online by a store alone: an old epoch is announced
 *   mutant BREAK_NO_HANDSHAKE ONLY_I2 PAGES=2 : I2_no_use_of_freed_page : the same: and pages retired by it
 *   mutant BREAK_READERS_STORE ONLY_I2 TSO WRITERS=1 EPOCHS=5 PAGES=2 : I2_no_use_of_freed_page : who only reads: its loads pass the store
 *   unseen BREAK_READERS_STORE ONLY_I2 WRITERS=1 EPOCHS=5 PAGES=2 : who only reads, where a store is seen at once: no harm
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef WRITERS
#define WRITERS WORKERS
#endif
#ifndef EPOCHS
#define EPOCHS 6
#endif
#ifndef PAGES
#define PAGES 3
#endif
#ifdef BREAK_TWO_BUCKETS
#define BUCKETS 2
#else
#define BUCKETS 3
#endif
#ifdef BREAK_PLUS_2
#define RIPE_AFTER 2
#else
#define RIPE_AFTER 3
#endif

#define require(name, condition) assert((condition) || name)
hidden byte I2_no_use_of_freed_page;
hidden byte I3_freed_once;
hidden byte bucket_is_free;
hidden byte epoch_is_held;

#define NONE 0
#define NOTHING 255             /* in the store buffer */

mtype = { FREE_PAGE, LIVE_PAGE, RETIRED_PAGE };

byte epoch = 1;
byte seen[WORKERS];             /* 0: offline */
bool online[WORKERS];           /* grace_online() has returned */
byte slot = 1;
mtype page_is[PAGES + 1] = FREE_PAGE;
byte held[WORKERS];             /* the page that a worker has found, until it is quiescent or offline */
byte bucket[PAGES + 1];         /* retired: in which, 1 + worker * BUCKETS + its number */
byte retired_at[WORKERS * BUCKETS];

#define BUCKET(epoch) (1 + me * BUCKETS + (epoch) % BUCKETS)
hidden byte i_;

/*
 * Stores of `seen`. TSO: they wait in the worker's store buffer, while its loads go on. All else that
 * grace.c and entry_unlink store is stored by read-modify-writes, which empty the buffer first.
 */
#ifdef TSO
byte buffered[WORKERS] = NOTHING;

inline store_seen(value)
{
	buffered[me] = value
}

inline drain(worker)
{
	if
	:: buffered[worker] != NOTHING -> seen[worker] = buffered[worker]; buffered[worker] = NOTHING
	:: else
	fi
}

#define OWN_SEEN (buffered[me] == NOTHING -> seen[me] : buffered[me])

proctype store_buffers()
{
	byte worker;

end:	do
	:: atomic {
		select(worker : 0 .. WORKERS - 1);
		if
		:: buffered[worker] != NOTHING -> drain(worker)
		:: else
		fi;
		worker = 0
	   }
	od
}
#else
inline store_seen(value)
{
	seen[me] = value
}

inline drain(worker)
{
	skip
}

#define OWN_SEEN seen[me]
#endif

inline page_freed(page)
{
	require(I3_freed_once, page_is[page] == RETIRED_PAGE);
	i_ = 0;
	do
	:: i_ < WORKERS -> require(I2_no_use_of_freed_page, held[i_] != page); i_++
	:: else -> break
	od;
	i_ = 0;
	page_is[page] = FREE_PAGE;
	bucket[page] = 0
}

inline grace_online()
{
	e = epoch;
	do
	:: store_seen(e);                       /* G1 */
#ifdef BREAK_NO_HANDSHAKE
		break
#else
#ifdef BREAK_READERS_STORE
		if
		:: me >= WRITERS -> break
		:: else
		fi;
#endif
		d_step { drain(me); now = epoch }; /* G2: a read-modify-write */
		if
		:: now == e -> break
		:: else -> e = now
		fi
#endif
	od;
	online[me] = true;
	e = 0;
	now = 0
}

inline grace_offline()
{
	d_step { held[me] = NONE; online[me] = false };
	store_seen(0)                           /* G1 */
}

/* Look at the next workers; all ready for epoch e: move it on. */
inline advance()
{
	if
	:: scan_epoch != e ->
		scan_epoch = e;
#ifndef BREAK_OLD_SCAN
		scan_next = 0
#endif
	:: else
	fi;
#ifdef BREAK_NO_SCAN
	scan_next = WORKERS;
#endif
	do
	:: scan_next < WORKERS ->
		now = seen[scan_next];          /* G1 */
		if
		:: now != 0 && now != e -> break
		:: else -> scan_next++
		fi
	:: break                                /* SCAN_STEP: enough for now */
	od;
	if
	:: scan_next == WORKERS && epoch < EPOCHS ->
		d_step {                        /* G2: a compare-exchange; losing is fine */
			drain(me);
			epoch = (epoch == e -> e + 1 : epoch);
#ifndef ONLY_I2
			i_ = 0;
			do
			:: i_ < WORKERS ->
				require(epoch_is_held, !online[i_] || seen[i_] == 0 || epoch <= seen[i_] + 1);
				i_++
			:: else -> break
			od;
			i_ = 0;
#endif
#ifndef BREAK_OLD_SCAN
			scan_epoch = 0;         /* no epoch to come: the same state, whatever it was */
			scan_next = 0
#endif
		}
	:: else
	fi
}

inline grace_quiescent()
{
#ifndef BREAK_HELD_ON
	held[me] = NONE;
#endif
	e = epoch;                              /* G2 */
	if
	:: OWN_SEEN != e -> store_seen(e)       /* G1 */
	:: else
	fi;
	if
	:: pending > 0 -> advance()
	:: else
	fi;
	e = 0;
	now = 0
}

inline grace_poll()
{
	e = epoch;                              /* G2 */
	d_step {
		page = 1;
		do
		:: page <= PAGES ->
			if
			:: bucket[page] > me * BUCKETS && bucket[page] <= (me + 1) * BUCKETS &&
			   retired_at[bucket[page] - 1] + RIPE_AFTER <= e ->
				page_freed(page);
				pending--
			:: else
			fi;
			page++
		:: else -> break
		od;
		page = 0;
		do
		:: page < BUCKETS ->
			if
			:: retired_at[me * BUCKETS + page] + RIPE_AFTER <= e ->
				retired_at[me * BUCKETS + page] = 0 /* empty: whatever it was */
			:: else
			fi;
			page++
		:: else -> break
		od;
		page = 0;
		e = 0
	}
}

/* The page `gathered`, taken out of the slot before. */
inline grace_retire()
{
	at = OWN_SEEN;
#ifndef BREAK_OFFLINE_AT_ZERO
	if
	:: at == 0 -> d_step { drain(me); at = epoch } /* G2: a read-modify-write */
	:: else
	fi;
#endif
	grace_poll();
	d_step {
		page = 1;
		do
		:: page <= PAGES ->
			require(bucket_is_free, bucket[page] != BUCKET(at) || retired_at[BUCKET(at) - 1] == at);
			page++
		:: else -> break
		od;
		page = 0;
		bucket[gathered] = BUCKET(at);
		retired_at[BUCKET(at) - 1] = at;
		pending++;
		gathered = NONE;
		at = 0
	}
}

/* Another page into the slot; the old one is gathered. */
inline replace()
{
	d_step {
		page = 1;
		do
		:: page <= PAGES && page_is[page] != FREE_PAGE -> page++
		:: else -> break
		od;
		if
		:: page <= PAGES ->
			drain(me);
			gathered = slot;
			page_is[gathered] = RETIRED_PAGE;
			page_is[page] = LIVE_PAGE;
			slot = page
		:: else                         /* no memory: -ENOMEM */
		fi;
		page = 0
	}
}

proctype worker(byte me)
{
	byte e, now, at, page, gathered, pending, scan_epoch, scan_next;

end:	do
	:: !online[me] -> grace_online()
	:: online[me] && gathered == NONE ->
		if
		:: held[me] == NONE -> held[me] = slot
		:: me < WRITERS -> replace()
		:: grace_quiescent()
		:: grace_offline()
		fi
	:: gathered != NONE && online[me] -> grace_offline()
	:: gathered != NONE -> grace_retire()
	:: pending > 0 && gathered == NONE -> grace_poll()
	od
}


init {
	page_is[1] = LIVE_PAGE;
	atomic {
		run worker(0);
		run worker(1);
#if WORKERS > 2
		run worker(2);
#endif
#ifdef TSO
		run store_buffers()
#endif
	}
}
