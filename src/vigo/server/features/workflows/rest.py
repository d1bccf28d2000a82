"""`/api/v1/workflows` and `/api/v1/workflow-runs`."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from vigo.server.features.workflows.models import (
    Approval,
    CreatedWorkflowRun,
    DeclaredWorkflows,
    NewWorkflowRun,
    WorkflowRunDetail,
    WorkflowRunList,
)
from vigo.server.features.workflows.service import WorkflowService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.following import LINES, as_lines
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(service: WorkflowService) -> list[ControllerRouterHandler]:
    """Return the routes of workflows."""

    @get("/api/v1/workflows", summary="List the workflows that the stacks declare", sync_to_thread=False)
    def list_workflows(request: Request[Any, Any, Any]) -> DeclaredWorkflows:
        return service.declared(acting(request))

    @post("/api/v1/workflow-runs", summary="Run a workflow of the stacks")
    async def run_workflow(request: Request[Any, Any, Any], data: JSONBody[NewWorkflowRun]) -> CreatedWorkflowRun:
        return await service.run(acting(request), data)

    @get("/api/v1/workflow-runs", summary="List runs of workflows, the newest first")
    async def list_workflow_runs(
        request: Request[Any, Any, Any], limit: Limit = 100, cursor: FromQuery[str | None] = None
    ) -> WorkflowRunList:
        return await service.list(acting(request), number_cursor(cursor), limit)

    @get("/api/v1/workflow-runs/{run_id:str}", summary="Show a run of a workflow with its steps")
    async def show_workflow_run(request: Request[Any, Any, Any], run_id: FromPath[str]) -> WorkflowRunDetail:
        return await service.show(acting(request), run_id)

    @get(
        "/api/v1/workflow-runs/{run_id:str}/events",
        summary="Follow a run of a workflow: a JSON object a line, until it has ended",
        media_type=LINES,
    )
    async def watch_workflow_run(request: Request[Any, Any, Any], run_id: FromPath[str]) -> Stream:
        return as_lines(await service.watch(acting(request), run_id))

    @post("/api/v1/workflow-runs/{run_id:str}/approve", summary="Approve the step that a run waits at", status_code=200)
    async def approve_workflow_run(
        request: Request[Any, Any, Any], run_id: FromPath[str], data: JSONBody[Approval]
    ) -> WorkflowRunDetail:
        return await service.approve(acting(request), run_id, data)

    @post("/api/v1/workflow-runs/{run_id:str}/abort", summary="End a run, and what it has under way", status_code=200)
    async def abort_workflow_run(request: Request[Any, Any, Any], run_id: FromPath[str]) -> WorkflowRunDetail:
        return await service.abort(acting(request), run_id)

    return [
        list_workflows,
        run_workflow,
        list_workflow_runs,
        show_workflow_run,
        watch_workflow_run,
        approve_workflow_run,
        abort_workflow_run,
    ]
