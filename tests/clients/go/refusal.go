package main

import (
	"errors"
	"fmt"
	"log"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

type refusal struct {
	Class   string `json:"class"`
	Code    string `json:"code"`
	Missing bool   `json:"missing"`
	Message string `json:"message"`
	Status  int    `json:"status"`
}

// What a service said as it refused a call: M is the error that stands for what is not there.
func refused[M error](err error) refusal {
	var api smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		log.Fatalf("this was no refusal: %v", err)
	}
	var missing M
	return refusal{
		Class:   fmt.Sprintf("%T", api),
		Code:    api.ErrorCode(),
		Missing: errors.As(err, &missing),
		Message: api.ErrorMessage(),
		Status:  response.HTTPStatusCode(),
	}
}
