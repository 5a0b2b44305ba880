"""The training job: one message of the train queue, worked on for as long as it needs, outside Functions."""
