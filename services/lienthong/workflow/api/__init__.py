"""The doors of workflow: messages into commands, results into messages."""

from lienthong.workflow.api.workflow import WorkflowApi

__all__ = ["WorkflowApi"]
