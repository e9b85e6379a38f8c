//! The cases: one plain function for each, listed in one table.
//!
//! A case is named after the promise of `docs/contract.md` that it holds a subject to. It uses
//! nothing but the public face of `pontoon-core`, so it is true of any backend.

#![allow(clippy::missing_panics_doc, reason = "a case fails by panicking")]

use crate::{Capability, Subject, child};

pub mod blocking;
pub mod calling;
pub mod cancelling;
pub mod closing;
pub mod contexts;
pub mod debug;
pub mod dropping;
pub mod exits;
pub mod generators;
pub mod guest_abandon;
pub mod guest_blocking;
pub mod guest_budget;
pub mod guest_end;
pub mod guest_frames;
pub mod guest_many;
pub mod guest_panics;
pub mod guest_start;
pub mod guest_stop;
pub mod guest_tasks;
pub mod guest_ticks;
pub mod inversion;
pub mod io;
pub mod iterators;
pub mod local;
pub mod nesting;
pub mod prefetch;
pub mod seats;
pub mod start;
pub mod tasks;
pub mod time;
pub mod trouble;
pub mod wakeups;

/// One case, as it stands in the table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Case {
    /// The name of its function.
    pub name: &'static str,
    /// The file that it stands in.
    pub group: &'static str,
    /// The function.
    pub run: fn(&Subject),
    /// The promises that it holds the subject to.
    pub promises: &'static [&'static str],
    /// What it cannot be run without.
    pub needs: &'static [Capability],
}

/// The table: `case [promises] needs capabilities;` under the file of the case.
macro_rules! cases {
    ($($group:ident { $($case:ident [$($promise:ident)+] $(needs $($need:ident)+)?;)+ })+) => {
        /// Every case.
        pub static CASES: &[Case] = &[$($(Case {
            name: stringify!($case),
            group: stringify!($group),
            run: $group::$case,
            promises: &[$(stringify!($promise)),+],
            needs: &[$($(Capability::$need),+)?],
        },)+)+];
    };
}

cases! {
    start {
        p01_first_use_from_many_threads [P01];
        p01_the_runtime_starts_once [P01];
        p01_one_host_thread [P01] needs HostThread;
        p02_nothing_starts_before_first_use [P02];
        p02_odd_settings [P02];
        p03_start_failure_reaches_every_caller [P03];
        p03_start_gives_the_failure [P03];
        p03_a_later_start_may_succeed [P03];
    }
    calling {
        p04_polls_on_the_calling_thread [P04];
        p04_borrows_and_is_not_send [P04];
        p05_a_ready_future_is_polled_once [P05];
        p05_nothing_is_polled_after_its_output [P05];
        p06_a_refused_call_drops_its_future_once [P06];
        p06_run_panics_with_the_text_of_the_error [P06];
        p07_run_send [P07];
        p08_enter [P08];
        p08_enter_is_in_context [P08] needs VisibleContext;
        p09_many_threads_call_at_once [P09];
        p09_stats_count_the_callers [P09];
        p10_a_panic_reaches_its_caller_alone [P10];
        p10_a_panic_passes_through_every_call [P10];
        p11_current [P11];
        p12_clones_are_one_loop [P12];
        p13_runners_are_independent [P13];
        p13_runners_may_wait_for_each_other [P13] needs BackgroundProgress;
    }
    seats {
        p14_the_waiting_caller_drives [P14] needs CallersOnly;
        p15_callers_that_do_not_drive [P15] needs HostThread;
        p15_a_caller_may_hold_a_lock [P15] needs HostThread;
        p16_a_long_poll_stops_nobody_else [P16] needs BackgroundProgress;
        p16_a_long_poll_stops_no_other_call [P16] needs BackgroundProgress;
        p16_a_blocked_host_stops_no_lone_call [P16] needs BackgroundProgress;
        p16_a_long_poll_beside_a_call_that_waits [P16] needs BackgroundProgress;
        p17_a_blocking_task_traps_no_caller [P17] needs HostThread;
        p17_a_blocking_task_spoils_one_deadline_at_most [P17] needs HostThread;
        p18_own_readiness_is_seen_between_tasks [P18] needs CallersOnly;
        p18_busy_tasks_starve_nobody [P18];
        p19_background_work_goes_on [P19] needs BackgroundProgress;
        p19_an_inline_runner_rests_between_calls [P19] needs CallersOnly;
        p14_callers_hand_the_driving_over [P14];
    }
    nesting {
        p20_a_hundred_deep_in_place [P20];
        p20_a_hundred_deep_in_tasks [P20];
        p20_a_hundred_deep_in_local_tasks [P20];
        p20_timers_at_every_level [P20];
        p20_everything_works_inside [P20];
        p20_everything_works_in_drop [P20];
        p20_a_call_in_a_thread_locals_destructor [P20] needs ChildProcess;
        p21_endless_nesting_in_place [P21];
        p21_endless_nesting_in_tasks [P21];
        p21_a_join_too_deep_is_refused [P21];
        p21_a_huge_limit_is_no_stack_overflow [P21] needs ChildProcess;
        p22_others_go_on_while_a_nested_call_waits [P22];
        p23_a_nested_level_eats_no_wakeup [P23];
        p23_a_nested_level_eats_no_tasks_wakeup [P23];
        p25_depth [P25];
    }
    inversion {
        p24_a_task_that_joins_itself [P24];
        p24_a_task_that_joins_itself_in_a_nested_call [P24];
        p24_a_task_that_joins_itself_with_a_limit [P24];
        p24_a_task_that_cancels_itself [P24];
        p24_inversion_by_join [P24];
        p24_inversion_by_message [P24];
        p24_inversion_in_a_call [P24];
        p24_inversion_in_a_task [P24];
        p24_inversion_across_runners [P24];
        p24_a_long_wait_is_no_inversion [P24];
        p24_a_chain_of_nested_waits [P24];
    }
    tasks {
        p26_spawn_and_join [P26];
        p26_spawn_and_join_from_many_threads [P26];
        p26_a_handle_moves_between_threads [P26];
        p31_detach [P31];
        p27_a_panic_reaches_the_joiner_alone [P27];
        p27_a_panic_keeps_its_payload [P27];
        p27_many_panics_among_others [P27];
        p27_a_panic_of_an_output_that_nobody_takes [P27];
        p28_a_task_is_a_future [P28];
        p29_join_timeout [P29];
        p32_is_finished [P32];
        p32_stats_count_the_tasks [P32];
        p32_stats_count_slow_polls [P32];
        p36_polls_never_overlap [P36];
        p100_workers_run_tasks [P100] needs Workers;
        p100_workers_start_at_a_spawn [P100] needs Workers;
    }
    cancelling {
        p30_cancel_a_waiting_task [P30];
        p30_cancel_before_the_first_poll [P30] needs CallersOnly;
        p30_cancel_a_finished_task [P30];
        p30_cancel_a_panicked_task [P30];
        p30_cancel_while_it_is_polled [P30] needs BackgroundProgress;
        p30_cancel_races_with_the_end [P30];
        p30_cancel_after_close [P30];
        p30_cancel_from_anywhere [P30];
        p31_dropping_the_handle_cancels [P31];
        p31_dropping_an_awaiting_future_cancels [P31];
        p31_an_unclaimed_value_is_dropped_with_the_handle [P31];
    }
    local {
        p33_local_tasks_are_not_send [P33];
        p33_local_tasks_stay_on_the_runners_thread [P33] needs HostThread;
        p33_local_tasks_spawn_and_call [P33];
        p34_a_factory_that_panics [P34];
        p35_start_task [P35];
        p35_start_task_that_never_gets_ready [P35];
        p35_start_task_on_a_runner_that_closes [P35];
    }
    blocking {
        p37_unblock [P37];
        p37_unblock_holds_nobody_up [P37];
        p37_unblock_panics [P37];
        p37_unblock_calls_back [P37];
        p37_many_closures [P37];
        p38_unblock_iter [P38];
        p38_unblock_iter_blocks [P38];
        p38_unblock_iter_is_bounded [P38];
        p38_unblock_iter_panics [P38];
        p38_close_ends_an_unblock_iter [P38];
        p38_unblock_iter_stops_early [P38];
    }
    dropping {
        p39_polls_are_in_context [P39] needs VisibleContext;
        p39_drops_are_in_context [P39] needs VisibleContext;
        p39_a_close_overtakes_a_call [P39] needs VisibleContext;
        p39_wrapped_values_drop_in_context [P39] needs VisibleContext;
        p40_local_futures_drop_on_the_runners_thread [P40] needs HostThread;
        p40_a_calls_future_drops_on_its_thread [P40];
        p41_a_drop_may_spawn_and_call [P41];
        p42_a_drop_that_panics [P42] needs ChildProcess;
        p43_the_work_is_gone [P43];
    }
    iterators {
        p44_items_in_place [P44];
        p44_a_ready_item_is_one_poll [P44];
        p44_many_iterators [P44];
        p45_fused [P45];
        p45_size_hint [P45];
        p46_early_stop [P46];
        p46_a_cleanup_that_calls [P46];
        p47_a_stream_that_panics [P47];
        p47_a_stream_that_panics_twice [P47] needs ChildProcess;
        p48_a_refused_iterator [P48];
        p48_close_ends_a_waiting_iterator [P48];
        p49_one_stream_in_two_styles [P49];
    }
    prefetch {
        p50_prefetch_keeps_the_order [P50];
        p50_many_prefetch [P50];
        p50_prefetch_is_bounded [P50];
        p50_prefetch_works_ahead [P50] needs BackgroundProgress;
        p51_early_stop [P51];
        p51_early_stop_while_unwinding [P51];
        p52_a_stream_that_panics [P52];
        p53_prefetch_nothing [P53];
        p51_close_ends_a_prefetch [P51];
    }
    contexts {
        p54_enter_use_exit [P54];
        p54_contexts_anywhere [P54];
        p55_the_exit_is_told_the_outcome [P55];
        p55_a_guard_made_while_unwinding [P55];
        p56_errors_reach_the_caller [P56];
        p56_an_exit_that_panics [P56] needs ChildProcess;
        p57_a_failed_enter_leaks_nothing [P57];
        p58_two_closures [P58];
        p54_enter_and_exit_in_place [P54];
    }
    generators {
        p58_a_generator [P58];
        p59_one_future_from_enter_to_exit [P59];
        p59_a_generator_is_polled_in_place [P59];
        p56_errors_of_a_generator [P56];
    }
    exits {
        p60_exits_run_in_reverse [P60];
        p60_every_shape_exits [P60];
        p60_an_exit_may_use_the_loop [P60];
        p60_the_door_during_the_exits [P60];
        p60_an_exit_that_closes [P60];
        p60_the_last_handle_runs_the_exits [P60];
        p61_a_failing_exit_stops_none [P61];
        p61_a_panicking_exit_stops_none [P61];
        p61_an_exit_that_never_ends [P61];
    }
    io {
        p62_read_and_write [P62];
        p62_the_other_end_is_a_task [P62];
        p62_buffered [P62];
        p62_several_buffers_and_a_flush [P62];
        p62_seek [P62];
        p62_io_on_a_closed_runner [P62];
        p62_close_ends_a_waiting_read [P62];
        p62_what_was_wrapped [P62];
        p62_a_reader_that_panics [P62];
    }
    closing {
        p63_close_cancels_the_tasks [P63];
        p63_after_a_close [P63];
        p63_what_ends_with_the_close [P63];
        p64_close_wakes_blocked_callers [P64];
        p65_close_joins_the_thread [P65] needs HostThread;
        p66_close_an_idle_runner [P66];
        p66_close_from_many_threads [P66];
        p66_close_among_calls [P66];
        p66_close_inside_a_call [P66];
        p66_close_inside_a_task [P66];
        p66_close_inside_the_blocking_pool [P66];
        p66_close_in_drop [P66];
        p68_the_last_handle_closes [P68];
        p68_the_last_handle_ends_the_thread [P68] needs HostThread;
        p68_the_last_handle_goes_inside [P68];
    }
    trouble {
        p67_a_task_that_blocks_the_loop [P67] needs BackgroundProgress;
        p67_the_limit_of_the_builder [P67] needs HostThread;
        p67_a_call_in_a_long_poll [P67];
        p67_a_task_that_ignores_its_cancellation [P67];
        p67_tasks_that_never_rest [P67];
        p67_a_closure_that_never_returns [P67];
        p67_timers_in_flight [P67];
        p67_odd_limits [P67];
        p101_a_backend_that_breaks [P101] needs HostThread;
        p101_a_closure_while_a_backend_breaks [P101] needs HostThread;
        p69_a_process_ends_without_a_close [P69] needs ChildProcess;
    }
    time {
        p70_a_sleep_is_never_early [P70];
        p70_many_sleeps [P70];
        p70_a_sleep_moves [P70];
        p71_a_limit_passes [P71];
        p71_a_limit_that_holds [P71];
        p71_limits_inside_each_other [P71];
        p72_no_time [P72];
        p72_for_ever [P72];
    }
    wakeups {
        p73_a_thread_wakes_a_call [P73];
        p73_a_thread_wakes_a_task [P73];
        p73_a_thread_wakes_many_calls [P73];
        p73_a_thread_wakes_a_nested_call [P73];
        p73_a_thread_wakes_a_task_that_nobody_waits_for [P73] needs BackgroundProgress;
        p73_the_pool_wakes [P73];
        p73_tasks_wake_each_other [P73];
        p73_calls_wake_each_other [P73];
        p73_runners_wake_each_other [P73];
        p73_a_wakeup_during_the_poll [P73];
        p73_a_future_wakes_itself [P73];
        p73_many_threads_wake_one_future [P73];
        p73_a_waker_outlives_everything [P73];
    }
    guest_start {
        p77_start_returns_before_the_first_poll [P77];
        p77_tasks_before_the_first_poll [P77];
        p77_a_guest_that_does_not_start [P77];
        p77_the_worker_starts_first [P77];
        p77_the_current_guest [P77];
        p78_tasks_and_host_share_values [P78];
        p78_everything_is_on_the_hosts_thread [P78];
        p78_polls_are_in_context [P78] needs VisibleContext;
        p78_the_host_wakes_a_task [P78];
        p79_timers [P79];
        p79_the_host_moves_a_timer [P79];
        p79_the_blocking_pool [P79];
        p79_a_guest_that_waits_costs_no_ticks [P79];
    }
    guest_tasks {
        p80_a_task_is_a_future [P80];
        p80_dropping_the_handle_cancels [P80];
        p80_cancel [P80];
        p80_a_handle_on_another_thread [P80];
        p80_many_threads_spawn [P80];
        p80_stats [P80];
        p80_a_task_that_comes_too_late [P80];
        p80_a_cancelled_timer [P80];
    }
    debug {
        p99_runners [P99];
        p99_what_a_runner_makes [P99];
        p99_anywhere [P99];
        p99_guests [P99];
    }
    guest_end {
        p81_done_gets_the_output [P81];
        p81_the_order_of_the_end [P81];
        p81_every_task_is_gone_before_done [P81];
        p81_the_end_is_in_context [P81] needs VisibleContext;
        p81_the_end_is_bounded [P81];
        p81_destructors_that_use_the_guest [P81];
        p81_done_may_do_anything [P81];
    }
    guest_stop {
        p82_cancel_a_guest_that_waits [P82];
        p82_cancel_inside_main [P82];
        p82_cancel_before_the_first_tick [P82];
        p82_cancel_while_ending [P82];
        p82_stop_on_request [P82];
        p83_drop_the_run [P83];
        p83_drop_the_run_while_ending [P83];
        p83_drop_the_run_inside_its_guest [P83];
        p83_detach [P83];
        p83_finish_blocking [P83];
        p83_finish_blocking_without_a_host [P83];
        p83_finish_blocking_inside_its_guest [P83];
    }
    guest_panics {
        p84_a_panic_in_main [P84];
        p84_a_panic_in_a_task [P84];
        p84_a_panic_in_a_destructor [P84] needs ChildProcess;
        p84_a_panic_in_done [P84];
        p84_a_panic_of_the_worker [P84];
    }
    guest_abandon {
        p85_a_queued_tick_is_dropped [P85];
        p85_the_host_goes_while_the_guest_waits [P85];
        p85_a_tick_is_dropped_on_another_thread [P85];
        p85_a_tick_is_run_on_another_thread [P85];
        p85_a_host_that_drops_every_tick [P85];
        p85_the_last_tick_is_dropped [P85];
        p85_the_thread_ends [P85];
        p85_a_report_races_with_the_drop [P85];
        p85_many_are_given_up_at_once [P85];
    }
    guest_many {
        p86_many_guests_on_one_thread [P86];
        p86_guests_talk [P86];
        p86_a_guest_is_a_host [P86];
        p86_a_guest_is_a_task [P86];
        p86_the_outer_guest_ends_first [P86];
        p86_a_guest_in_a_runner [P86];
        p86_dropping_the_poll_form [P86];
        p86_guests_on_many_threads [P86];
    }
    guest_ticks {
        p87_wakes_coalesce [P87];
        p87_no_wakeup_is_lost [P87];
        p87_one_tick_at_a_time [P87];
        p87_a_loop_inside_a_poll [P87];
        p87_wakers_after_the_end [P87];
        p87_trap_1_the_worker_is_woken_with_the_guest [P87];
        p87_trap_6_the_waker_changes [P87];
    }
    guest_budget {
        p88_a_tick_makes_so_many_polls [P88];
        p88_an_empty_budget [P88];
        p88_trap_4_the_host_comes_first [P88];
        p88_trap_3_tasks_take_turns [P88];
        p88_trap_5_an_executor_comes_to_rest [P88];
        p88_trap_7_slow_polls_end_a_tick [P88];
        p88_polls_that_grow_long [P88];
        p90_slow_polls_are_reported [P90];
        p90_slow_ticks_are_reported [P90];
    }
    guest_blocking {
        p89_calls_inside_a_task [P89];
        p89_calls_on_the_guests_own_executor [P89];
        p89_many_ready_calls_in_a_poll [P89];
        p89_waiting_for_a_task_on_the_hosts_thread [P89];
        p89_waiting_for_a_task_before_the_first_tick [P89];
        p89_waiting_for_a_message_of_the_guest [P89];
        p89_a_long_wait_in_a_task [P89];
        p89_a_long_wait_between_ticks [P89];
        p89_a_call_that_is_the_host [P89];
        p89_a_task_waits_for_another_thread [P89];
    }
    guest_frames {
        p98_a_guest_without_ticks [P98];
        p98_the_limit [P98];
        p98_a_busy_guest [P98];
        p98_interrupts [P98];
        p98_no_wakeup_is_lost [P98];
        p98_nothing_but_frames [P98];
        p98_inside_its_guest [P98];
        p98_the_end [P98];
        p98_calls_in_a_frame [P98];
    }
}

/// What cases play in a process of their own.
pub(crate) static SCENES: &[child::Scene] = &[
    ("thread-local", nesting::thread_local),
    ("huge limit", nesting::huge_limit),
    ("drop panics", dropping::drop_panics),
    ("stream panics twice", iterators::stream_panics_twice),
    ("exit panics", contexts::exit_panics),
    ("no close", trouble::no_close),
    ("guest drop panics", guest_panics::guest_drop_panics),
];
