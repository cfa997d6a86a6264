"""shaping."""
from services.transform.planner.frames.base import Frames
frames = Frames()
frame = frames.frame
