"""The table of commands: what services ask of one another on Temporal, and who owns it."""

from typing import Any

from contracts.adaptation import Judged, ReviewOutcome
from contracts.commands.command import ASKED, BOOKKEEPING, LONG, Command, Nothing
from contracts.commands.connector import (
    CloseWindowInput,
    DescribeConnectionInput,
    DescribeConnectionResult,
    PreserveInput,
    PreserveResult,
    PullInput,
    PullResult,
    PushInput,
    PushResult,
    UndoInput,
    UndoResult,
)
from contracts.commands.module_registry import (
    PublishModuleInput,
    RecordComparisonInput,
    RecordTrialInput,
    ResolveModuleInput,
    ResolveModuleResult,
)
from contracts.commands.orchestrator import (
    FindRunInput,
    FinishRunInput,
    PastInputsInput,
    PastInputsResult,
    PinModulesInput,
    RecordStepInput,
    RunPlan,
    StartRunInput,
)
from contracts.commands.schema_drift import (
    CloseReviewInput,
    Considered,
    ConsiderInput,
    FindProofInput,
    JudgeInput,
    QuarantineFileInput,
    QuarantineResult,
    QuarantineRowsInput,
    RecordAdaptationInput,
    RecordReplayInput,
    SettleEntryInput,
    SettleInput,
    SettleResult,
)
from contracts.commands.transform import (
    ApplyInput,
    ApplyResult,
    AttachRootInput,
    CheckRecipeInput,
    CheckRecipeResult,
    DifferInput,
    DifferResult,
    FailSessionInput,
    FailTaskInput,
    FindNodeInput,
    FoundDataset,
    FreezeInput,
    ProfileInput,
    ProposePreludeInput,
    ProposePreludeResult,
    ProveInput,
    ProveResult,
    RunTaskInput,
)
from contracts.profile import Profile
from contracts.workflow import ModuleDraft, ModuleVersionRef

DESCRIBE_CONNECTION = Command("connector.describe", DescribeConnectionInput, DescribeConnectionResult)
PULL = Command("connector.pull", PullInput, PullResult, LONG)
PUSH = Command("connector.push", PushInput, PushResult, LONG)
UNDO = Command("connector.undo", UndoInput, UndoResult, LONG)
PRESERVE = Command("connector.preserve", PreserveInput, PreserveResult, LONG)
CLOSE_WINDOW = Command("connector.close_window", CloseWindowInput, Nothing, BOOKKEEPING)
PROFILE = Command("transform.profile", ProfileInput, Profile, LONG)
CHECK_RECIPE = Command("transform.check_recipe", CheckRecipeInput, CheckRecipeResult)
APPLY = Command("transform.apply", ApplyInput, ApplyResult, LONG)
ATTACH_ROOT = Command("transform.attach_root", AttachRootInput, Nothing, BOOKKEEPING)
FAIL_SESSION = Command("transform.fail_session", FailSessionInput, Nothing, BOOKKEEPING)
FREEZE = Command("transform.freeze", FreezeInput, ModuleDraft, LONG)
RUN_TASK = Command("transform.run_task", RunTaskInput, Nothing, LONG)
FAIL_TASK = Command("transform.fail_task", FailTaskInput, Nothing, BOOKKEEPING)
FIND_NODE = Command("transform.find_node", FindNodeInput, FoundDataset)
DIFFER = Command("transform.differ", DifferInput, DifferResult, LONG)
PROVE = Command("transform.prove", ProveInput, ProveResult, LONG)
PROPOSE_PRELUDE = Command("transform.propose_prelude", ProposePreludeInput, ProposePreludeResult, ASKED)
PUBLISH_MODULE = Command("module_registry.publish", PublishModuleInput, ModuleVersionRef)
RESOLVE_MODULE = Command("module_registry.resolve", ResolveModuleInput, ResolveModuleResult)
RECORD_COMPARISON = Command("module_registry.record_comparison", RecordComparisonInput, Nothing, BOOKKEEPING)
RECORD_TRIAL = Command("module_registry.record_trial", RecordTrialInput, Nothing, BOOKKEEPING)
SETTLE_DRIFT = Command("schema_drift.settle", SettleInput, SettleResult)
QUARANTINE_FILE = Command("schema_drift.quarantine_file", QuarantineFileInput, QuarantineResult)
QUARANTINE_ROWS = Command("schema_drift.quarantine_rows", QuarantineRowsInput, QuarantineResult)
JUDGE = Command("schema_drift.judge", JudgeInput, Judged)
CONSIDER = Command("schema_drift.consider", ConsiderInput, Considered)
CLOSE_REVIEW = Command("schema_drift.close_review", CloseReviewInput, ReviewOutcome)
RECORD_ADAPTATION = Command("schema_drift.record_adaptation", RecordAdaptationInput, Nothing, BOOKKEEPING)
FIND_PROOF = Command("schema_drift.find_proof", FindProofInput, ProveInput)
RECORD_REPLAY = Command("schema_drift.record_replay", RecordReplayInput, Nothing, BOOKKEEPING)
SETTLE_ENTRY = Command("schema_drift.settle_entry", SettleEntryInput, Nothing, BOOKKEEPING)
START_RUN = Command("orchestrator.start_run", StartRunInput, RunPlan, BOOKKEEPING)
PIN_MODULES = Command("orchestrator.pin_modules", PinModulesInput, Nothing, BOOKKEEPING)
RECORD_STEP = Command("orchestrator.record_step", RecordStepInput, Nothing, BOOKKEEPING)
FINISH_RUN = Command("orchestrator.finish_run", FinishRunInput, Nothing, BOOKKEEPING)
PAST_INPUTS = Command("orchestrator.past_inputs", PastInputsInput, PastInputsResult)
FIND_RUN = Command("orchestrator.find_run", FindRunInput, FoundDataset)

COMMANDS: tuple[Command[Any, Any], ...] = (
    DESCRIBE_CONNECTION,
    PULL,
    PUSH,
    UNDO,
    PRESERVE,
    CLOSE_WINDOW,
    PROFILE,
    CHECK_RECIPE,
    APPLY,
    ATTACH_ROOT,
    FAIL_SESSION,
    FREEZE,
    RUN_TASK,
    FAIL_TASK,
    FIND_NODE,
    DIFFER,
    PROVE,
    PROPOSE_PRELUDE,
    PUBLISH_MODULE,
    RESOLVE_MODULE,
    RECORD_COMPARISON,
    RECORD_TRIAL,
    SETTLE_DRIFT,
    QUARANTINE_FILE,
    QUARANTINE_ROWS,
    JUDGE,
    CONSIDER,
    CLOSE_REVIEW,
    RECORD_ADAPTATION,
    FIND_PROOF,
    RECORD_REPLAY,
    SETTLE_ENTRY,
    START_RUN,
    PIN_MODULES,
    RECORD_STEP,
    FINISH_RUN,
    PAST_INPUTS,
    FIND_RUN,
)
